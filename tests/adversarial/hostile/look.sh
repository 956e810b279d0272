# What a hostile script sees and gets, told line by line; runs in a build (probe beside us) and in a package test.
set +eu +o pipefail
here=${RECIPE_DIR:-$PWD}
echo "@begin"
env | sed 's/^/@env /'
for process in /proc/[0-9]*; do
    # what a process has cannot be read while it ends
    { tr '\0' '\n' < "$process/cmdline"; tr '\0' '\n' < "$process/environ"; ls -l "$process/cwd" "$process/root" "$process/exe" "$process/fd"
      cat "$process/maps" "$process/cgroup"; } 2>/dev/null | sort -u | sed 's/^/@proc /'
    cat "$process/mountinfo" "$process/mounts" 2>/dev/null | sort -u | sed 's/^/@mount /'
    read -r name < "$process/comm" && echo "@process ${process#/proc/} $name"
done
cat /proc/net/unix /proc/net/tcp /proc/net/dev /proc/partitions /proc/keys /proc/swaps /proc/version 2>/dev/null | sed 's/^/@proc /'
for place in /home /root /run /var /sys /boot /opt /srv /mnt /media /host /usr/local/share/ca-certificates "$HOME/.ssh" "$HOME/.docker"; do
    [ -z "$(ls -A "$place" 2>&1)" ] || [ ! -e "$place" ] || echo "@place $place"
done
ls -1A /tmp /dev/shm "$HOME" 2>/dev/null | sed 's/^/@left /'
"$here/probe" | sed 's/^/@probe /'
for place in /tmp /dev/shm "$HOME" "$HOME/.cache/pip" "$HOME/.ccache" "$HOME/.cache/sccache" "${PIP_CACHE_DIR:-/tmp}" /var/tmp /run; do
    mkdir -p "$place" 2>/dev/null && echo "touch /tmp/ran" > "$place/poison" 2>/dev/null
done
if kill -STOP 1 2>/dev/null && kill -KILL 1 2>/dev/null && ! kill -0 1 2>/dev/null; then echo "@probe first-killed done"; else echo "@probe first-killed EPERM"; fi
echo "@end"
