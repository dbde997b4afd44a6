package phone

import (
	"fmt"
	"regexp/syntax"
	"slices"
)

// prefix recognises a dialling prefix, by a pattern of the library's data. It is an automaton
// over the ten digits that matches what package regexp would, but about 15 times faster and
// without allocating. nil matches nothing.
type prefix struct {
	states []prefixState // the first has no match, and leads nowhere
	start  uint16
}

type prefixState struct {
	next [10]uint16 // by digit; 0 if there can be no match any more
	here bool       // a match ends before the next digit
	last bool       // a match ends if there is no next digit
}

// maxPrefixStates bounds the states of an unlucky pattern. The library's largest needs 110.
const maxPrefixStates = 10_000

// newPrefix compiles a pattern, implicitly anchored at the beginning.
func newPrefix(pattern string) (*prefix, error) {
	if pattern == "" {
		return nil, nil
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	for i := range prog.Inst {
		const boundary = syntax.EmptyWordBoundary | syntax.EmptyNoWordBoundary
		if in := &prog.Inst[i]; in.Op == syntax.InstEmptyWidth && syntax.EmptyOp(in.Arg)&boundary != 0 {
			return nil, fmt.Errorf("pattern %q has a word boundary: want conditions on beginning and end only", pattern)
		}
	}
	c := prefixCompiler{prog: prog, known: make(map[string]uint16)}
	c.state(nil, 0)
	start := c.state([]uint32{uint32(prog.Start)}, syntax.EmptyBeginText|syntax.EmptyBeginLine)
	// States are added during the loop; each must be followed.
	for at := 1; at < len(c.threads); at++ {
		if len(c.threads) > maxPrefixStates {
			return nil, fmt.Errorf("pattern %q needs more than %d states", pattern, maxPrefixStates)
		}
		for digit := range c.states[at].next {
			next := c.after(c.threads[at], rune('0'+digit)) // which may move the states
			c.states[at].next[digit] = next
		}
	}
	return &prefix{c.states, start}, nil
}

// prefixCompiler makes states from the program of package regexp/syntax. A state is the
// instructions that wait for a digit, in order of preference: of several matches, the one that
// the pattern names first wins, however long it is, and later threads are dropped.
type prefixCompiler struct {
	prog    *syntax.Prog
	states  []prefixState
	threads [][]uint32 // of each state: instructions that take a digit
	known   map[string]uint16
}

// state returns the state that begins with these instructions under these conditions.
func (c *prefixCompiler) state(begin []uint32, holds syntax.EmptyOp) uint16 {
	var s prefixState
	var threads []uint32
	threads, s.here = c.follow(begin, holds)
	_, s.last = c.follow(begin, holds|syntax.EmptyEndText|syntax.EmptyEndLine)
	key := fmt.Sprint(threads, s.here, s.last)
	at, ok := c.known[key]
	if !ok {
		at = uint16(len(c.states))
		c.known[key] = at
		c.states, c.threads = append(c.states, s), append(c.threads, threads)
	}
	return at
}

// follow continues to the instructions that take a digit. It stops at a match.
func (c *prefixCompiler) follow(begin []uint32, holds syntax.EmptyOp) (threads []uint32, matched bool) {
	todo := slices.Clone(begin)
	slices.Reverse(todo)
	seen := make([]bool, len(c.prog.Inst))
	for len(todo) > 0 {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch in := &c.prog.Inst[pc]; in.Op {
		case syntax.InstMatch:
			return threads, true
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, in.Arg, in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^holds == 0 {
				todo = append(todo, in.Out)
			}
		case syntax.InstCapture, syntax.InstNop:
			todo = append(todo, in.Out)
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			threads = append(threads, pc)
		}
	}
	return threads, false
}

// after returns the state that follows a digit.
func (c *prefixCompiler) after(threads []uint32, digit rune) uint16 {
	var begin []uint32
	for _, pc := range threads {
		switch in := &c.prog.Inst[pc]; in.Op {
		case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			begin = append(begin, in.Out)
		default:
			if in.MatchRune(digit) {
				begin = append(begin, in.Out)
			}
		}
	}
	return c.state(begin, 0) // without instructions, the first one: no match
}

// match returns how many of the digits the prefix covers, 0 if they do not begin with it.
func (p *prefix) match(digits []byte) (n int) {
	if p == nil {
		return 0
	}
	s := &p.states[p.start]
	for i, d := range digits {
		if s.here {
			n = i
		}
		next := s.next[d-'0']
		if next == 0 {
			return n
		}
		s = &p.states[next]
	}
	if s.last {
		n = len(digits)
	}
	return n
}

// all reports whether the prefix covers all of the digits.
func (p *prefix) all(digits []byte) bool { return len(digits) > 0 && p.match(digits) == len(digits) }

// begins reports whether a match can begin with the first n digits, which mostly decide whether
// a number is assigned. It takes a fraction of all's time.
func (p *prefix) begins(digits []byte, n int) bool {
	if p == nil {
		return false
	}
	at := p.start
	for _, d := range digits[:min(n, len(digits))] {
		if at = p.states[at].next[d-'0']; at == 0 {
			return false
		}
	}
	return true
}
