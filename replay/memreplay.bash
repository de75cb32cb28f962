# SPDX-License-Identifier: MIT
#
# What bash completes after memreplay: its options, what they take, and traces.

_memreplay()
{
    # shellcheck disable=SC2034 # some are only set by _init_completion
    local cur prev words cword split
    _init_completion -s || return

    case $prev in
    -s | --size)
        mapfile -t COMPREPLY < <(compgen -W '1M 16M 64M 256M 1G' -- "$cur")
        return
        ;;
    -a | --alignment)
        mapfile -t COMPREPLY < <(compgen -W '8 16 32 64 8,16' -- "$cur")
        return
        ;;
    --region)
        return
        ;;
    --report)
        _filedir html
        return
        ;;
    --svg)
        _filedir svg
        return
        ;;
    --png)
        _filedir png
        return
        ;;
    -o | --output)
        _filedir
        return
        ;;
    esac
    $split && return

    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-s -a -o --fit --size= --alignment= --exact --malloc --region= --json
            --report= --svg= --png= --import --compress --output= --help --version' -- "$cur")
        [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
        return
    fi
    _filedir
} && complete -F _memreplay memreplay
