# SPDX-License-Identifier: MIT
#
# What bash completes after memrun: its options and what they take, then a command and that one's own
# completion.

_memrun()
{
    # shellcheck disable=SC2034 # some are only set by _init_completion
    local cur prev words cword split
    _init_completion -s || return

    # The command, if there is one by now, begins with the first word that is no option.
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -s | -m | --size | --misuse | --stats-file | --record | --stack)
            ((i++))
            if [[ ${COMP_WORDS[i]} == = ]]; then
                ((i++))
            fi
            ;;
        -*) ;;
        =) ((i++)) ;;
        *)
            _command_offset "$i"
            return
            ;;
        esac
    done

    case $prev in
    -s | --size)
        mapfile -t COMPREPLY < <(compgen -W '16M 64M 256M 1G 4G 25% 50% 100%' -- "$cur")
        return
        ;;
    -m | --misuse)
        mapfile -t COMPREPLY < <(compgen -W 'ignore warn abort' -- "$cur")
        return
        ;;
    --stats)
        mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur")
        return
        ;;
    --stats-file | --record)
        _filedir
        return
        ;;
    --stack)
        mapfile -t COMPREPLY < <(compgen -W '1 2 4 8 16' -- "$cur")
        return
        ;;
    esac
    $split && return

    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-s -m --size= --misuse= --stats --stats= --stats-file= --children --exact --force --record=
            --stack= --help --version' -- "$cur")
        [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
        return
    fi
    _command_offset "$COMP_CWORD"
} && complete -F _memrun memrun
