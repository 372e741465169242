# ./tunnel package: what a machine installs and what a program references, under artifacts/packages; sourced, never run.
#
# The same commit makes the same files: times are the commit's, owners are root, and paths don't get into the programs.

source scripts/image.sh

packages=artifacts/packages
package_work=artifacts/package-work
# What packages are made with, and the Debian package that has it.
package_programs=(dpkg-deb:dpkg readelf:binutils gzip:gzip "${image_programs[@]}")
# What their tests need besides.
package_test_programs=(lintian:lintian man:man-db debconf-set-selections:debconf skopeo:skopeo umoci:umoci kubectl:kubernetes-client docker-compose:docker-compose)

package() {
  need_dotnet
  local entry needed=("${package_programs[@]}" "${native_programs[@]}")
  case "$*" in
    '' | "--arch $(dpkg --print-architecture)") ;;
    '--arch arm64') cross_compile; needed+=("${cross_programs[@]}") packages+=-arm64 ;;
    *) fail "package: what is valid is --arch arm64, or nothing for the kind of this machine" ;;
  esac
  for entry in "${needed[@]}"; do
    [[ -e ${entry%%:*} ]] || command -v "${entry%%:*}" > /dev/null || fail "${entry%%:*} is missing: apt-get install ${entry#*:}"
  done
  ! is_cross || build Tunnel.sln || fail "the programs can't be built"
  build_packages || fail "the packages could not be made"
  (cd "$packages" && ls -l)
}

# Within an if or behind || bash goes on after a failure whatever set -e says, so the status is read by itself.
build_packages() {
  local code
  rm -rf "$packages"
  echo "Publishing native programs …"
  publish_native || return
  set +e
  (set -e; make_packages)
  code=$?
  set -e
  return "$code"
}

# From the native programs, which are there already.
make_packages() {
  local version name
  version=$(dotnet msbuild src/Hub/Tunnel.Hub.csproj -getProperty:Version -nologo)
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || echo 0)}
  export SOURCE_DATE_EPOCH
  rm -rf "$packages" "$package_work"
  mkdir -p "$packages" "$package_work"
  for name in tunnel-hub tunnel-edge; do
    describe_package "$name"
    package_files "$name"
    package_deb "$name"
    package_tar "$name"
    # An image has libraries of this machine.
    is_cross || package_image "$name"
  done
  # The libraries' packages are the same for all machines.
  is_cross || package_libraries
  (cd "$packages" && sha256sum -- * > SHA256SUMS)
}

is_cross() {
  [[ $native_directory != artifacts/native ]]
}

# The program that writes the manual page and completions: one that runs here.
runs_here() {
  is_cross || { echo "$native_directory/$1"; return; }
  [[ $1 == tunnel-hub ]] && echo src/Hub/bin/Release/net10.0/tunnel-hub || echo src/Edge/bin/Release/net10.0/tunnel-edge
}

# What the two packages differ in; sets variables of the caller.
describe_package() {
  case $1 in
    tunnel-hub)
      file=hub.json title="Tunnel hub" recommends=ca-certificates
      next="sudo tunnel-hub init"
      summary="hub of an ingress tunnel: brings clients of public machines to services here"
      description="Edges on machines with public addresses take clients on the ports that the hub
assigns, and carry them over one encrypted tunnel. The hub passes them to the
services of its own network, with each client's address."
      state="It has the hub's key, which its edges trust, the allowed edges and their secrets." ;;
    tunnel-edge)
      file=edge.json title="Tunnel edge" recommends="ca-certificates, nftables"
      next="sudo tunnel-edge init, with the token that the hub printed"
      summary="public side of an ingress tunnel: takes clients and carries them to its hub"
      description="The edge binds the public ports that its hub assigns, and carries their clients
over one encrypted tunnel to the hub, which is in another network. It needs
nothing but a token from the hub."
      state="It has what the hub told this edge, and its token is removed too: another one is needed then." ;;
  esac
}

# The files of a package as they are below /usr and /etc, for the deb and the archive alike.
package_files() {
  local name=$1 root=$package_work/$1/root program share
  share=$root/usr/share
  program=$(runs_here "$name")
  install -D -m 755 "$native_directory/$name" "$root/usr/bin/$name"
  install -D -m 644 "deploy/systemd/$name.service" "$root/usr/lib/systemd/system/$name.service"
  install -D -m 644 "deploy/debian/$file" "$root/etc/$name/$file"
  filled sysusers "$root/usr/lib/sysusers.d/$name.conf"
  filled tmpfiles "$root/usr/lib/tmpfiles.d/$name.conf"

  mkdir -p "$share"/{man/man1,bash-completion/completions,zsh/vendor-completions,fish/vendor_completions.d}
  "$program" man | gzip -9n > "$share/man/man1/$name.1.gz"
  "$program" completion bash > "$share/bash-completion/completions/$name"
  "$program" completion zsh > "$share/zsh/vendor-completions/_$name"
  "$program" completion fish > "$share/fish/vendor_completions.d/$name.fish"

  package_pages "$share/doc/$name"
  filled copyright "$share/doc/$name/copyright"
  chmod -R u=rwX,go=rX "$root"
}

# The pages and what they lead to. `docs` is the directory itself here, so links from it and to it are one step shorter.
package_pages() {
  local doc=$1
  mkdir -p "$doc"/{operations,decisions,deploy,bench/results}
  cp docs/*.md "$doc"
  cp docs/operations/*.md "$doc/operations"
  cp docs/decisions/*.md "$doc/decisions"
  cp README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md "$doc"
  cp bench/results/JOURNAL.md "$doc/bench/results"
  cp -r deploy/grafana deploy/prometheus "$doc/deploy"
  sed -i -e 's#](docs/#](#g' -e 's#](LICENSE)#](copyright)#g' "$doc"/{README,CHANGELOG,CONTRIBUTING,SECURITY}.md
  sed -i 's#](\.\./#](#g' "$doc"/{architecture,comparison,library,operations,performance,protocol}.md
  sed -i 's#](\.\./\.\./#](../#g' "$doc"/{operations,decisions}/*.md
  sed -i 's#](\.\./\.\./docs/#](../../#g' "$doc"/bench/results/*.md
}

package_deb() {
  local name=$1 root=$package_work/$1/root deb=$package_work/$1/deb date
  cp -a "$root" "$deb"
  date=$(date -u -R -d "@$SOURCE_DATE_EPOCH")
  printf '%s (%s) unstable; urgency=medium\n\n  * CHANGELOG.md says what is new.\n\n -- The Tunnel authors <tunnel@packages.debian.org>  %s\n' \
    "$name" "$version" "$date" | gzip -9n > "$deb/usr/share/doc/$name/changelog.gz"
  mkdir "$deb/DEBIAN"
  local script
  for script in config postinst prerm postrm; do
    filled "$script" "$deb/DEBIAN/$script"
    chmod 755 "$deb/DEBIAN/$script"
  done
  filled templates "$deb/DEBIAN/templates"
  echo "/etc/$name/$file" > "$deb/DEBIAN/conffiles"
  (cd "$deb" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) > "$deb/DEBIAN/md5sums"
  filled control "$deb/DEBIAN/control"
  dpkg-deb --root-owner-group -Zxz --build "$deb" "$packages/${name}_${version}_$(architecture "$name" deb).deb" > /dev/null
}

package_tar() {
  local name=$1 root=$package_work/$1/root top
  top=$name-$version-linux-$(architecture "$name")
  local tree=$package_work/$name/$top
  mkdir -p "$tree/systemd" "$tree/etc"
  cp -a "$root/usr/bin" "$root/usr/share" "$tree"
  cp -a "$root/usr/lib/systemd/system/$name.service" "$tree/systemd"
  cp -a "$root/etc/$name/$file" "$tree/etc"
  cp LICENSE "$tree"
  filled ../install.sh "$tree/install.sh"
  chmod 755 "$tree/install.sh"
  same_tar "$package_work/$name" "$top" | gzip -9n > "$packages/$top.tar.gz"
}

# NuGet packages for programs that embed the hub or the edge (docs/library.md).
package_libraries() {
  local project
  for project in Shared Hub Edge; do
    dotnet pack "src/$project" --configuration Release --output "$packages" --nologo --verbosity quiet \
      -p:UseSharedCompilation=false -p:ContinuousIntegrationBuild=true < /dev/null || fail "src/$project can't be packed"
  done
}

# An archive whose bytes depend on the files' names, modes and content alone.
same_tar() {
  tar --create --directory "$1" --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner "${@:2}"
}

# What the program was compiled for, in the words of .NET, or of Debian.
architecture() {
  case $(readelf -h "$native_directory/$1" | sed -n 's/^ *Machine: *//p') in
    *X86-64*) [[ ${2:-} == deb ]] && echo amd64 || echo x64 ;;
    *AArch64*) echo arm64 ;;
    *) fail "$native_directory/$1 is for another kind of machine" ;;
  esac
}

# The newest version of glibc whose symbols a program names: what it needs at least.
libc_of() {
  readelf -V "$native_directory/$1" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1 | cut -d _ -f 2
}

# A template of deploy/debian with its @WORDS@ filled in.
filled() {
  local text
  text=$(< "deploy/debian/$1")
  text=${text//@NAME@/$name} text=${text//@VERSION@/$version} text=${text//@TITLE@/$title} text=${text//@FILE@/$file}
  text=${text//@NEXT@/$next} text=${text//@STATE@/$state} text=${text//@RECOMMENDS@/$recommends} text=${text//@SUMMARY@/$summary}
  text=${text//@DESCRIPTION@/$(sed 's/^/ /' <<< "$description")}
  text=${text//@LICENSE@/$(sed '1,/^Permission/{/^Permission/!d}; s/^$/./; s/^/ /' LICENSE)}
  text=${text//@ARCHITECTURE@/$(architecture "$name" deb)} text=${text//@LIBC@/$(libc_of "$name")}
  text=${text//@SIZE@/$(du -sk --apparent-size "$package_work/$name/root" | cut -f 1)}
  mkdir -p "$(dirname "$2")"
  printf '%s\n' "$text" > "$2"
}
