package transform

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// ForbiddenInNames are the characters that Amazon's Events API refuses in event names.
const ForbiddenInNames = "!@#$%^&*|+=(){}[]<>?\\/~;"

var forbiddenInNames = func() (t [utf8.RuneSelf]bool) {
	for _, c := range []byte(ForbiddenInNames) {
		t[c] = true
	}
	return t
}()

// ForbiddenInName returns the position of the first forbidden character of a name, in bytes;
// -1 if it has none.
func ForbiddenInName(name string) int {
	for i := range len(name) {
		if c := name[i]; c < utf8.RuneSelf && forbiddenInNames[c] {
			return i
		}
	}
	return -1
}

// replacement replaces forbidden characters in names that are sent unchanged otherwise.
type replacement struct {
	by  string // empty to leave them out
	set bool
}

// of returns the name without forbidden characters.
func (r replacement) of(name string) string {
	if !r.set || ForbiddenInName(name) < 0 {
		return name
	}
	var b strings.Builder
	for _, c := range name {
		if c < utf8.RuneSelf && forbiddenInNames[c] {
			b.WriteString(r.by)
		} else {
			b.WriteRune(c)
		}
	}
	return trim(b.String())
}

// replacement reads the character that replaces forbidden ones.
func (f *mappingFile) replacement(n *yaml.Node) (r replacement) {
	s, ok := f.Text(n, "replace_forbidden")
	if ok && (longerThan(s, 1) || ForbiddenInName(s) >= 0 || s != "" && !printable(s)) {
		f.Fault(n.Line, "replace_forbidden is %s: want one character, or none to leave them out, that is not one of %s", quote(s), ForbiddenInNames)
	}
	return replacement{s, true}
}

// WhyForbidden says which character of a conversion's name the Events API refuses; empty if
// there is none.
func WhyForbidden(name string) string {
	if at := ForbiddenInName(name); at >= 0 {
		return fmt.Sprintf("%q at character %d of %s", name[at:at+1], utf8.RuneCountInString(name[:at])+1, quote(name))
	}
	return ""
}
