package condition

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
)

// value is an operand of a condition: one of text, number and truth is set, or it is absent.
type value struct {
	what   string // its name in errors
	text   func(Subject) string
	number func(Subject) schemas.Decimal
	truth  func(Subject) bool
	absent bool // nil; fields are compared with it to test whether they are set

	constant    bool
	literal     string          // the value of a constant text
	decimal     schemas.Decimal // the value of a constant number
	folded      bool            // a name, compared without case, spaces, _ and -
	mayBeNumber bool            // an attribute, whose text is parsed where a number is needed
}

func (v value) String() string { return v.what }

func (v value) isNumber() bool { return v.constant && v.number != nil }

func constantText(s string) value {
	return value{what: "the text " + redact.Quote(s), text: func(Subject) string { return s }, constant: true, literal: s}
}

func constantNumber(d schemas.Decimal) value {
	return value{what: "the number " + d.String(), number: func(Subject) schemas.Decimal { return d }, constant: true, decimal: d}
}

// numeric returns the value as a number; nil if it cannot be one.
func (v value) numeric() func(Subject) schemas.Decimal {
	if v.number != nil || !v.mayBeNumber {
		return v.number
	}
	text := v.text
	return func(s Subject) schemas.Decimal {
		t := trim(text(s))
		if len(t) > maxNumber {
			return schemas.Decimal{}
		}
		d, err := schemas.ParseDecimal(t)
		if err != nil {
			return schemas.Decimal{}
		}
		return d
	}
}

func junction(operator string, a, b value) func(Subject) bool {
	x, y := a.truth, b.truth
	switch {
	case x == nil || y == nil:
		return nil
	case operator == "and" || operator == "&&":
		return func(s Subject) bool { return x(s) && y(s) }
	}
	return func(s Subject) bool { return x(s) || y(s) }
}

// equality compares two values; nil if their kinds are never equal.
func equality(a, b value) func(Subject) bool {
	if a.constant || a.absent {
		a, b = b, a
	}
	switch {
	case a.constant || a.absent:
		return nil // two constants: a mistake
	case b.absent && a.text != nil:
		return func(s Subject) bool { return trim(a.text(s)) == "" }
	case b.absent && a.number != nil:
		return func(s Subject) bool { return !a.number(s).IsSet() }
	case a.truth != nil && b.truth != nil:
		return func(s Subject) bool { return a.truth(s) == b.truth(s) }
	case a.text != nil && b.text != nil:
		return equalTexts(a, b)
	}
	return order("==", a, b)
}

// equalTexts compares two texts, of which b may be a constant.
func equalTexts(a, b value) func(Subject) bool {
	switch {
	case b.constant && a.folded:
		text, spelled, want := a.text, b.literal, fold(b.literal)
		return func(s Subject) bool {
			t := text(s)
			return t == spelled || folds(t, want)
		}
	case b.constant:
		text, want := a.text, b.literal
		return func(s Subject) bool { return trim(text(s)) == want }
	case a.folded || b.folded:
		return func(s Subject) bool { return fold(a.text(s)) == fold(b.text(s)) }
	}
	return func(s Subject) bool { return trim(a.text(s)) == trim(b.text(s)) }
}

// maxNumber is in bytes. Longer text is not an amount.
const maxNumber = 64

// order compares two numbers; nil if they are not numbers. An absent number is neither less
// nor greater than any other.
func order(operator string, a, b value) func(Subject) bool {
	if a.constant {
		a, b, operator = b, a, map[string]string{"==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[operator]
	}
	x, y := a.numeric(), b.numeric()
	if x == nil || y == nil || a.constant {
		return nil
	}
	// The five operators differ only in the least and the greatest result that they accept.
	within := map[string][2]int{"==": {0, 0}, "<": {-1, -1}, "<=": {-1, 0}, ">": {1, 1}, ">=": {0, 1}}[operator]
	least, most := within[0], within[1]
	if want := b.decimal; b.constant {
		return func(s Subject) bool {
			c, ok := x(s).Compare(want)
			return ok && c >= least && c <= most
		}
	}
	return func(s Subject) bool {
		c, ok := x(s).Compare(y(s))
		return ok && c >= least && c <= most
	}
}

// part compares texts without folding; nil if one is not a text.
func part(operator string, a, b value) func(Subject) bool {
	x, y := a.text, b.text
	if x == nil || y == nil || a.constant && b.constant {
		return nil
	}
	is := map[string]func(s, part string) bool{"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix}[operator]
	return func(s Subject) bool { return is(trim(x(s)), trim(y(s))) }
}

// maxMatched is in bytes: a pattern's time grows with the text, and patterns are not meant
// for longer ones.
const maxMatched = 1024

func match(a, b value) (func(Subject) bool, error) {
	if a.text == nil || a.constant || !b.constant || b.text == nil {
		return nil, nil
	}
	pattern, err := regexp.Compile(b.literal)
	if err != nil {
		return nil, fmt.Errorf("the pattern %s cannot be read: %s", redact.Quote(b.literal), redact.Parser(err))
	}
	text := a.text
	return func(s Subject) bool {
		t := trim(text(s))
		return len(t) <= maxMatched && pattern.MatchString(t)
	}, nil
}

func trim(s string) string { return strings.TrimFunc(s, isBlank) }

func isBlank(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || r >= '\t' && r <= '\r'
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
}

func passes(r rune) bool { return r != '_' && r != '-' && !isBlank(r) }

func fold(s string) string {
	var b strings.Builder
	for _, r := range s {
		if passes(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// folded maps an ASCII character to its folded form; 0 if it is ignored.
var folded = func() (t [utf8.RuneSelf]byte) {
	for c := range t {
		if passes(rune(c)) {
			t[c] = byte(unicode.ToLower(rune(c)))
		}
	}
	return t
}()

// folds reports whether s folds to want. The first letter usually decides.
func folds(s, want string) bool {
	at := 0
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return foldsAny(s[i:], want[at:])
		}
		if c = folded[c]; c == 0 && s[i] != 0 {
			continue
		}
		if at == len(want) || want[at] != c {
			return false
		}
		at++
	}
	return at == len(want)
}

// foldsAny is folds for texts that are not ASCII.
func foldsAny(s, want string) bool {
	for _, r := range s {
		if !passes(r) {
			continue
		}
		w, size := utf8.DecodeRuneInString(want)
		if size == 0 || w != unicode.ToLower(r) {
			return false
		}
		want = want[size:]
	}
	return want == ""
}
