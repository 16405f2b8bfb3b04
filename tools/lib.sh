# lib.sh - what tools/demo, tools/test and .ci/run share; sourced by them with bash. Works from any folder: $root is the repository.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Debian packages by what they are for. "package=command": not needed where the command is there already.
packages_build="gcc=gcc libc6-dev pkg-config=pkg-config meson=meson ninja-build=ninja
	libuv1-dev libc-ares-dev libcjson-dev libcurl4-openssl-dev libssl-dev libmicrohttpd-dev libpcre2-dev libyaml-dev liburcu-dev libxxhash-dev libcmocka-dev"
packages_demo="busybox=busybox bind9-dnsutils=dig"
packages_test="$packages_demo python3 python3-pytest python3-pytest-xdist python3-dnspython curl=curl"
packages_cluster="python3-yaml openssl=openssl iproute2=ip golang-go=go"
packages_e2e="bind9-dnsutils=dig dash=dash containerd runc containernetworking-plugins busybox-static nftables=nft iptables=iptables conntrack=conntrack
	ca-certificates dpkg-dev=dpkg-source make=make"
packages_image="buildah=buildah mmdebstrap=mmdebstrap"
packages_image_test="runc=runc qemu-user-static=qemu-aarch64-static systemd=systemd-analyze"

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# The packages among "$@" that are missing, one a line.
missing_packages() {
	local want package command
	for want; do
		package=${want%%=*}
		command=${want#*=}
		if [ "$command" != "$want" ] && command -v "$command" >/dev/null; then
			continue
		fi
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
	done
}

# apt-get as root or through sudo; 1 if neither may be.
apt_get() {
	local as=()
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || return 1
		as=(sudo)
		[ -t 0 ] || as=(sudo -n) # nobody there to type a password
	fi
	"${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# Installs those of "$@" that are missing; where that can't be, says the line to run and ends.
need_packages() {
	local missing
	command -v dpkg-query >/dev/null || die "this is not Debian; install what these packages hold, then build with meson: $*"
	missing=$(missing_packages "$@" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	echo "installing $missing"
	# Lists that are absent or too old make the first try fail.
	# shellcheck disable=SC2086 # a list of words
	quietly install_packages $missing && return 0
	die "could not install packages; please run, as root:
  apt-get update && apt-get install -y --no-install-recommends $missing"
}

install_packages() {
	apt_get install --no-install-recommends "$@" || { apt_get update && apt_get install --no-install-recommends "$@"; }
}

# Runs a command; its output is shown only if it fails.
quietly() {
	local log status=0
	log=$(mktemp)
	"$@" >"$log" 2>&1 || status=$?
	[ "$status" = 0 ] || cat "$log" >&2
	rm -f "$log"
	return "$status"
}

# build FOLDER [meson options] [-- targets]: configures the folder if it is new, then builds.
build() {
	local folder=$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ "${1-}" != -- ] || shift
	if [ ! -e "$folder/build.ninja" ]; then
		quietly meson setup "$folder" "$root" "${options[@]}" || die "meson could not set up $folder"
	fi
	quietly ninja -C "$folder" "$@" || die "the build in $folder failed"
}

# unit_tests FOLDER: the cmocka tests of a build; prints their closing lines, and more only if one fails.
unit_tests() {
	local log status=0
	log=$(mktemp)
	meson test -C "$1" --no-rebuild --print-errorlogs --timeout-multiplier 5 --suite unit >"$log" 2>&1 || status=$?
	echo "unit tests ($1):"
	if [ "$status" = 0 ]; then
		grep -E '^(Ok|Fail|Skipped|Timeout|Unexpected Pass|Expected Fail):' "$log"
	else
		cat "$log"
	fi
	rm -f "$log"
	return "$status"
}

# blackbox_tests FOLDER [pytest arguments]: the tests that ask a running headns of that build, several files at a time, since most of them wait.
blackbox_tests() {
	local folder
	folder=$(cd "$1" && pwd)
	shift
	echo "black-box tests ($folder):"
	HEADNS=${HEADNS:-$folder/src/headns} /usr/bin/python3 -m pytest -q -p no:cacheprovider --tb=short -n "$((2 * $(nproc)))" --dist loadfile \
		--junitxml="$folder/meson-logs/blackbox.junit.xml" "$root/tests/blackbox" "$@"
}
