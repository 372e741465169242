# OCI images of the native programs, under artifacts/packages, made without a container engine; sourced by package.sh, never run.
#
# An image is one layer: the program, the libraries that it loads (this machine's), certificates of authorities, one user, no shell.
# The same commit makes the same bytes on machines with the same libraries.

# What is copied into images, and the Debian package that has it.
image_programs=(/etc/ssl/certs/ca-certificates.crt:ca-certificates nft:nftables "/usr/lib/$(uname -m)-linux-gnu/libssl.so.3:libssl3")

# The user of the images: not one of the machine's, and the same in both.
image_user=65532

package_image() {
  local name=$1 root=$package_work/$1/image layout=$package_work/$1/oci state=/var/lib/$1
  mkdir -p "$root"/{etc/ssl/certs,usr/bin,tmp} "$root$state" "$layout/blobs/sha256"
  install -m 755 "$native_directory/$name" "$root/usr/bin/$name"
  image_libraries "$root" "$root/usr/bin/$name"
  # The TLS library is loaded when it is needed: the linker does not name it.
  local library
  for library in libssl.so.3 libcrypto.so.3; do
    image_file "$root" "$(PATH=$PATH:/usr/sbin ldconfig -p | sed -n "/$library .*$(image_machine)/{s/.* => //p;q}")"
  done
  # The edge's firewall is nft's work.
  if [[ $name == tunnel-edge ]]; then
    install -m 755 "$(PATH=$PATH:/usr/sbin command -v nft)" "$root/usr/bin/nft"
    image_libraries "$root" "$root/usr/bin/nft"
  fi
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  printf '%s:x:%s:%s:%s:%s:/nonexistent\n' root 0 0 root /root "$name" $image_user $image_user "$title" "$state" > "$root/etc/passwd"
  printf '%s:x:%s:\n' root 0 "$name" $image_user > "$root/etc/group"
  install -D -m 644 LICENSE "$root/usr/share/doc/$name/copyright"
  chmod -R u=rwX,go=rX "$root"
  chmod 1777 "$root/tmp"

  # The state directory alone belongs to the user.
  same_tar "$root" --exclude "${state#/}" $(ls -A "$root") > "$package_work/$name/layer.tar"
  same_tar "$root" --owner=$image_user --group=$image_user --mode=0700 "${state#/}" > "$package_work/$name/state.tar"
  tar --concatenate --file "$package_work/$name/layer.tar" "$package_work/$name/state.tar"
  image_layout "$name" "$layout" "$state"
  same_tar "$layout" blobs index.json oci-layout > "$packages/$name-$version-linux-$(architecture "$name" deb).oci.tar"
}

# The machine's name as ldconfig writes it.
image_machine() {
  [[ $(architecture "$name") == x64 ]] && echo x86-64 || echo AArch64
}

# The libraries that a program is linked with, and the loader.
image_libraries() {
  local library
  while read -r library; do
    image_file "$1" "$library"
  done < <(ldd "$2" | grep -o '/[^ ]*')
}

# A file at its own path, what a link leads to included; with the terms of its package.
image_file() {
  local package file
  file=$(realpath "$2")
  install -D -m 755 "$file" "$1$2"
  # Debian 12 knows some of them by their name before /lib was a link.
  package=$({ dpkg -S "$file" || dpkg -S "${file#/usr}"; } 2> /dev/null | sed -n '1s/:.*//p') || return 0
  [[ -z $package || ! -e /usr/share/doc/$package/copyright ]] || install -D -m 644 "/usr/share/doc/$package/copyright" "$1/usr/share/doc/$package/copyright"
}

# The image's JSON (https://github.com/opencontainers/image-spec) and its blobs.
image_layout() {
  local name=$1 layout=$2 state=$3 prefix created layer config
  prefix=$(tr 'a-z-' 'A-Z_' <<< "$name")__
  created=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
  local id
  id=$(sha256sum < "$package_work/$name/layer.tar" | cut -d ' ' -f 1)
  layer=$(gzip -9n < "$package_work/$name/layer.tar" | image_blob "$layout")
  config=$(image_blob "$layout" << JSON
{"created":"$created","architecture":"$(architecture "$name" deb)","os":"linux","config":{"User":"$image_user:$image_user","WorkingDir":"/",
"Entrypoint":["/usr/bin/$name"],"Cmd":["run"],"StopSignal":"SIGTERM","Volumes":{"$state":{}},$([[ $name == tunnel-edge ]] || echo '"ExposedPorts":{"8443/tcp":{},"8443/udp":{}},')
"Env":["PATH=/usr/bin","SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt","${prefix}STATEDIR=$state","${prefix}ADMINSOCKET=$state/admin.sock"],
"Labels":{"org.opencontainers.image.title":"$title","org.opencontainers.image.version":"$version","org.opencontainers.image.licenses":"MIT"}},
"rootfs":{"type":"layers","diff_ids":["sha256:$id"]},"history":[{"created":"$created","comment":"./tunnel package"}]}
JSON
  )
  local manifest
  manifest=$(image_blob "$layout" << JSON
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:$config","size":$(image_size "$config")},
"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:$layer","size":$(image_size "$layer")}]}
JSON
  )
  cat > "$layout/index.json" << JSON
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",
"digest":"sha256:$manifest","size":$(image_size "$manifest"),"platform":{"architecture":"$(architecture "$name" deb)","os":"linux"},
"annotations":{"org.opencontainers.image.ref.name":"$version","io.containerd.image.name":"localhost/$name:$version"}}]}
JSON
  echo '{"imageLayoutVersion":"1.0.0"}' > "$layout/oci-layout"
}

# Keeps standard input as a blob, and prints its digest.
image_blob() {
  local digest
  cat > "$1/blob"
  digest=$(sha256sum < "$1/blob" | cut -d ' ' -f 1)
  mv "$1/blob" "$1/blobs/sha256/$digest"
  echo "$digest"
}

image_size() {
  stat -c %s "$layout/blobs/sha256/$1"
}
