#!/bin/bash
# busybox-nslookup.sh FILE - builds, as FILE, a busybox that has nothing but the small nslookup: the one of busybox 1.28, the image of
# the Kubernetes tutorials. It asks through the C library, so it follows the search list, and it names addresses ("Address 1: IP NAME").
# Debian's busybox is built with the big one, which does neither. From Debian's source package; needs the network, dpkg-dev, gcc and make.
set -euo pipefail
out=$(realpath -m "$1")
[ ! -x "$out" ] || exit 0
command -v dpkg-source >/dev/null || { echo "busybox-nslookup.sh: dpkg-source is missing (package dpkg-dev)" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# The machine's own Debian mirror, as source packages, with lists apart from the machine's: nothing of it changes.
mkdir -p lists/partial
apt-get indextargets --format 'deb-src $(REPO_URI) $(CODENAME) $(COMPONENT)' \
	'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u >sources.list
[ -s sources.list ] || { echo "busybox-nslookup.sh: apt knows no Debian mirror; run apt-get update" >&2; exit 1; }
apt=(apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$work/lists"
	-o "Dir::Cache=$work" -o APT::Sandbox::User=root)
"${apt[@]}" update
"${apt[@]}" source busybox >/dev/null

cd busybox-*/
make -s allnoconfig >/dev/null
for option in BUSYBOX LFS FEATURE_IPV6 NSLOOKUP; do
	sed -i "s/^# CONFIG_$option is not set/CONFIG_$option=y/" .config
done
yes n | make -s oldconfig >/dev/null || true # options that depend on these are new; yes dies of SIGPIPE
grep -q '^CONFIG_NSLOOKUP=y' .config && grep -q '^# CONFIG_FEATURE_NSLOOKUP_BIG is not set' .config
make -s -j"$(nproc)" >make.log 2>&1 || { tail -20 make.log >&2; exit 1; }
mkdir -p "$(dirname "$out")"
cp busybox "$out.new"
mv "$out.new" "$out"
