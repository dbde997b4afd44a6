package transform

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// prefix recognises what is dialled before a number, from a pattern of the
// library's data. It exists for speed alone: nearly all patterns are a literal
// or a few ("0|180020"), and of the others the first digit decides nearly always.
// The zero value matches nothing.
type prefix struct {
	literals []string
	first    uint16 // bit n: a match of the pattern can begin with digit n
	pattern  *regexp.Regexp
}

func newPrefix(pattern string) (prefix, error) {
	if pattern == "" {
		return prefix{}, nil
	}
	if strings.Trim(pattern, "0123456789|") == "" {
		return prefix{literals: strings.Split(pattern, "|")}, nil
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return prefix{}, err
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return prefix{}, err
	}
	re, err := regexp.Compile("^(?:" + pattern + ")")
	if err != nil {
		return prefix{}, err
	}
	return prefix{first: firstDigits(prog), pattern: re}, nil
}

// firstDigits follows a compiled pattern from its start to every instruction
// that takes a character.
func firstDigits(prog *syntax.Prog) (set uint16) {
	seen := make([]bool, len(prog.Inst))
	todo := []uint32{uint32(prog.Start)}
	for len(todo) > 0 {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch in := &prog.Inst[pc]; in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
			todo = append(todo, in.Out)
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			for d := range 10 {
				if in.MatchRune(rune('0' + d)) {
					set |= 1 << d
				}
			}
		}
	}
	return set
}

// match returns how many of the digits the prefix takes, 0 when they do not
// begin with it.
func (p *prefix) match(digits []byte) int {
	for _, literal := range p.literals {
		if len(digits) >= len(literal) && string(digits[:len(literal)]) == literal {
			return len(literal)
		}
	}
	if p.pattern == nil || len(digits) == 0 || p.first&(1<<(digits[0]-'0')) == 0 {
		return 0
	}
	// The copy keeps the caller's digits on its stack: what goes to a regular
	// expression escapes, and this line is rarely reached.
	at := p.pattern.FindStringIndex(string(digits))
	if at == nil {
		return 0
	}
	return at[1]
}
