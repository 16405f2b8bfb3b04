// Looks up each name given with Go's own resolver (built with CGO_ENABLED=0, so that there is no other) and prints the addresses,
// one a line.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
)

func main() {
	failed := false
	for _, name := range os.Args[1:] {
		addresses, err := net.DefaultResolver.LookupHost(context.Background(), name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "resolve:", err)
			failed = true
		}
		for _, address := range addresses {
			fmt.Println(address)
		}
	}
	if failed {
		os.Exit(1)
	}
}
