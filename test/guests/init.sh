#!/bin/sh
# The first program in a throw-away guest: builds a root file system from this machine's own programs, makes it the
# root, says "ready" and becomes the guest's main process.
# Usage: init.sh ROOT SHARED MOUNT UID PROC(new|ours) SETPRIV-OPTIONS [NAME=VALUE...]
set -eu
root=$1 shared=$2 mount_at=$3 uid=$4 proc=$5 setpriv=$6
shift 6

mount -t tmpfs -o mode=755 guest "$root"
cd "$root"
mkdir -p dev etc home proc root tmp old ".$mount_at"
chmod 1777 tmp
for directory in bin lib lib32 lib64 libx32 sbin usr; do
  if [ -L "/$directory" ]; then
    cp -P "/$directory" "$directory"
  elif [ -d "/$directory" ]; then
    mkdir "$directory"
    mount --rbind "/$directory" "$directory"
  fi
done
for device in null zero full random urandom tty; do
  : > "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
printf 'root:x:0:0:root:/root:/bin/sh\nbuilder:x:1000:1000:builder:/home:/bin/sh\n' > etc/passwd
printf 'root:x:0:\nbuilder:x:1000:\n' > etc/group
chown "$uid:$uid" home 2> /dev/null || [ "$uid" = 0 ]
# Where it has ours, that shows all processes, however ours is mounted.
if [ "$proc" = new ]; then
  mount -t proc proc proc
elif ! mount -t proc -o hidepid=0 proc proc 2> /dev/null; then
  mount --rbind /proc proc
fi
mount --bind "$shared" ".$mount_at"
pivot_root . old
cd /
umount -l old
rmdir old

home=/root
[ "$uid" = 0 ] || home=/home
become=
[ -z "$setpriv" ] || become="setpriv $setpriv --"
# shellcheck disable=SC2086 # $become is a list of words
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$home" GUEST=yes \
  GO_EA_AUTO_REGISTER_KEY=secret "$@" $become sh -c 'cd; umask 027; echo ready; exec sleep infinity'
