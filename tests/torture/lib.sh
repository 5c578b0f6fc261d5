# Sourced by the proofs. The judge of what a disturbed run left, and how many cases are run two at a time.
# shellcheck shell=bash
# shellcheck source=../cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"

: "${CHUNKIMG_ASSEMBLE:?the independent judge of a folder of tiles}"
export OMP_WAIT_POLICY=passive # idle threads that spin would only take time from the others

is_full() { [ -n "${CHUNKIMG_FULL:-}" ]; }

# short_or_full SHORT FULL
short_or_full() { if is_full; then echo "$2"; else echo "$1"; fi; }

# some_of COUNT: as many of the lines of standard input, always the same ones
some_of() { shuf -n "$1" --random-source=<(yes 1 2>/dev/null); }

# in_parallel FUNCTION: calls it with the words of each line of standard input, each worker in a folder of its own.
# Prints how many lines there were; fails where one failed.
in_parallel() {
    local lines i k words pids=() bad=0 workers
    workers=$(nproc)
    mapfile -t lines
    for ((i = 0; i < workers; i++)); do
        (
            mkdir "$tmp/$1.$i" && cd "$tmp/$1.$i"
            for ((k = i; k < ${#lines[@]}; k += workers)); do
                read -ra words <<<"${lines[k]}"
                "$1" "${words[@]}"
            done
        ) &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || bad=1; done
    rm -rf "$tmp/$1".*
    [ "$bad" -eq 0 ] || fail "$1: a case failed, see above"
    [ "${#lines[@]}" -gt 0 ] || fail "$1: there were no cases"
    echo "${#lines[@]} cases"
}

# quietly_run COMMAND...: its output lies in ./out and ./err; the shell says nothing of signals
quietly_run() {
    (
        "$@" >out 2>err </dev/null
        exit $?
    ) 2>/dev/null
}

# Staging places of an output in the current folder
leftovers() { find . -maxdepth 1 -name '.*chunkimg-*'; }

# judge STATUS CASE IMAGE: what a run into ./made (its messages in ./err) left is what its exit code says
judge() {
    local status=$1 what=$2 image=$3
    case $status in
    0)
        "$CHUNKIMG_ASSEMBLE" made "$image" 2>judged || fail "$what: exit 0, but $(cat judged)"
        [ -z "$(leftovers)" ] || fail "$what: exit 0, but $(leftovers) was left"
        ;;
    1 | 3 | 4 | 5 | 127) # 127: the loader could not even start the program
        [ ! -e made ] || fail "$what: exit $status, but the output has its final name"
        ;;
    124 | 137) fail "$what: hung" ;;
    134)
        # libuv ends the program itself where it has no memory, or where its own eventfd fails
        [[ $what == *async* ]] && [ ! -e made ] || fail "$what: aborted: $(head -c 500 err)"
        ;;
    *) fail "$what: exit $status: $(head -c 500 err)" ;;
    esac
}

# processes_here: the program's own, whose current folder is this one
processes_here() {
    local pid
    for pid in $(pgrep -x "$(basename "$CHUNKIMG")"); do
        # one that has ended and waits to be reaped by whoever adopted it is none
        [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" != "$PWD" ] || [[ $(cat "/proc/$pid/stat" 2>/dev/null) == *") Z "* ]] || echo "$pid"
    done
}

# calls_of COMMAND...: "CALL N", how often the busiest of its threads and processes makes each call
calls="openat write close renameat2 mkdirat read mmap clone clone3 sendmsg recvmsg"
calls_of() {
    strace -f --seccomp-bpf -o calls.txt -e "trace=${calls// /,}" "$@" >/dev/null 2>&1 </dev/null
    awk '{ split($2, a, "("); if (a[1] ~ /^[a-z0-9]+$/) n[$1 " " a[1]]++ }
         END { for (k in n) { split(k, b, " "); if (n[k] > most[b[2]]) most[b[2]] = n[k] }
               for (c in most) print c, most[c] }' calls.txt | sort
    rm calls.txt
}
