#!/bin/sh
# What a CI job does with gryt: it proves the changes that the commits of a branch name in
# `Gryt-Change: ID` lines of their messages, shares the proofs, and promotes where that is asked for.
#
#   GRYT_BASE       the commits since this are the branch's; origin/HEAD unless said
#   GRYT_CHANGES    what to prove instead, like "FEAT-101 v1.2.1/BUG-50"
#   GRYT_PROMOTE    a version to promote when all of it is proven
#   GRYT_WAIT       how long to wait for what others prove, like 10m
#   GRYT_REPORT     a file for what the proven versions still need before they can be promoted, in
#                   Markdown
#   GRYT_READ_ONLY  true where this job may not write to the repository: a fork's
#   GRYT_INSTALL    a command that installs git-gryt where it is missing
set -eu

command -v git-gryt >/dev/null 2>&1 ||
    eval "${GRYT_INSTALL:?git-gryt is missing, and GRYT_INSTALL does not say how to install it}"
if ! git var GIT_COMMITTER_IDENT >/dev/null 2>&1; then
    export GIT_AUTHOR_NAME=CI GIT_AUTHOR_EMAIL=ci@gryt.invalid
    export GIT_COMMITTER_NAME=CI GIT_COMMITTER_EMAIL=ci@gryt.invalid
fi

# Writes who has to do what for each version that has a proof of this commit.
[ -z "${GRYT_REPORT:-}" ] || rm -f "$GRYT_REPORT"
report() {
    [ -n "${GRYT_REPORT:-}" ] || return 0
    proven="SELECT DISTINCT g.version FROM evolutions e JOIN generations g ON g.id = e.generation
            WHERE e.commit_oid = '$(git rev-parse HEAD)' ORDER BY g.version"
    git gryt query "$proven" --csv | tail -n +2 | while read -r version; do
        git gryt why "$version" --format markdown || exit
        echo
    done >"$GRYT_REPORT" || echo "gryt: $GRYT_REPORT is not complete" >&2
}

if [ -n "${GRYT_CHANGES:-}" ]; then
    set -- --start
    set -f
    for change in $GRYT_CHANGES; do
        set -- "$@" --change "$change"
    done
    set +f
else
    # A job that fetched without cloning has no origin/HEAD: the remote knows its default branch.
    if [ -z "${GRYT_BASE:-}" ] && ! git rev-parse --verify --quiet origin/HEAD >/dev/null; then
        git remote set-head origin --auto >/dev/null 2>&1 && git fetch --quiet origin ||
            { echo "gryt: origin/HEAD is not known: git remote set-head origin --auto, or set GRYT_BASE" >&2
              exit 7; }
    fi
    set -- --trailers "${GRYT_BASE:-origin/HEAD}"
fi

git gryt sync pull
failed=0
git gryt run "$@" || failed=$?

if [ "${GRYT_READ_ONLY:-false}" = true ]; then
    echo "gryt: this job may not write to the repository, so nobody else has its proofs."
    echo "gryt: whoever may write can prove the same commits, or take them from a fork that has"
    echo "gryt: them: git gryt sync pull --from REMOTE"
    report
    exit "$failed"
fi
# A proof that failed is shared too: it is what happened.
shared=0
git gryt sync push-evolutions || shared=$?
report
[ "$failed" = 0 ] || exit "$failed"
[ "$shared" = 0 ] || exit "$shared"

if [ -n "${GRYT_PROMOTE:-}" ]; then
    git gryt promote "$GRYT_PROMOTE" --wait="${GRYT_WAIT:-10m}"
    # A tag that a job pushes with its own token starts no other job on some hosts: what publishes
    # a release is run here.
    if [ -f .gryt/publish.sh ]; then
        sh .gryt/publish.sh "$GRYT_PROMOTE"
    fi
fi
