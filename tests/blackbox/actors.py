"""Servers and clients for programs that tests start inside `headns run`: put on the stage and imported there."""

import errno
import socket
import threading
import time


def _family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(name, address, port=80, reuse=False):
    """A TCP server that reads to the end, and answers its name, the client's address and how much it read. Returns what stops it."""
    listener = socket.socket(_family(address))
    listener.bind((address, port))
    listener.listen(64)

    def answer(connection, client):
        read = 0
        while data := connection.recv(65536):
            read += len(data)
        connection.sendall(f"{name} {client[0]} {read}\n".encode())
        connection.close()

    def run():
        while True:
            try:
                connection, client = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection, client), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()

    def stop():
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    return stop


def serve_udp(name, address, port=53):
    server = socket.socket(_family(address), socket.SOCK_DGRAM)
    server.bind((address, port))

    def run():
        while True:
            data, client = server.recvfrom(65536)
            server.sendto(f"{name} {client[0]} {len(data)}".encode(), client)

    threading.Thread(target=run, daemon=True).start()


def ask(address, port=80, bind=None, data=b"hello"):
    """What a server says, as words; or the name of the error."""
    client = socket.socket(_family(address))
    try:
        if bind:
            client.bind((bind, 0))
        client.connect((address, port))
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        got = b""
        while more := client.recv(65536):
            got += more
        return got.decode().split()
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        client.close()


def ask_udp(address, port=53, data=b"hello"):
    """A connected socket takes answers from where it has asked alone."""
    client = socket.socket(_family(address), socket.SOCK_DGRAM)
    client.settimeout(60)
    try:
        client.connect((address, port))
        client.send(data)
        return client.recv(65536).decode().split()
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        client.close()


def wait_for(question, good):
    """Asks until the answer is good; a failure of the test is the patience of who waits for us."""
    while not good(answer := question()):
        time.sleep(0.01)
    return answer


def say(word):
    print(word, flush=True)


def tell(value):
    """To act() of test_run_services.py."""
    say(repr(value))
