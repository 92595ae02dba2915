#!/bin/sh
# Runs the generator on notes made here and looks at what comes out.
set -eu

cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

check() {
    if [ "$2" = "$3" ]; then
        echo "ok   $1"
    else
        echo "FAIL $1: expected '$2', got '$3'"
        failed=1
    fi
}

mkdir "$work/in"
printf '# A & B\n\n- one\n- <two>\n\nlast line\n' > "$work/in/first.md"
printf '# Second\n' > "$work/in/second.md"

check "counts what it wrote" "2 notes written to $work/out" "$(./bin/notes "$work/in" "$work/out")"
check "escapes titles" "<h1>A &amp; B</h1>" "$(grep '<h1>' "$work/out/first.html")"
check "escapes items" "<li>&lt;two&gt;</li>" "$(grep two "$work/out/first.html")"
check "closes lists" "1" "$(grep -c '</ul>' "$work/out/first.html")"
check "keeps paragraphs" "<p>last line</p>" "$(grep '<p>' "$work/out/first.html")"
check "links every note" "2" "$(grep -c '<li><a' "$work/out/index.html")"

mkdir "$work/none"
check "copes with no notes" "0 notes written to $work/empty" "$(./bin/notes "$work/none" "$work/empty")"
exit "$failed"
