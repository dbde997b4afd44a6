package mutate

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"strings"
)

// coverage is which blocks of a package's files a run of tests went through.
type coverage struct {
	blocks map[string][]block // by the file's name alone: one package's
}

type block struct {
	fromLine, fromCol, toLine, toCol int
	run                              bool
}

func readCoverage(profile string) (*coverage, error) {
	f, err := os.Open(profile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := &coverage{blocks: make(map[string][]block)}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		colon := strings.LastIndexByte(lines.Text(), ':')
		if colon < 0 || strings.HasPrefix(lines.Text(), "mode:") {
			continue
		}
		var b block
		var statements, count int
		if _, err := fmt.Sscanf(lines.Text()[colon+1:], "%d.%d,%d.%d %d %d",
			&b.fromLine, &b.fromCol, &b.toLine, &b.toCol, &statements, &count); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", profile, lines.Text(), err)
		}
		b.run = count > 0
		name := path.Base(lines.Text()[:colon])
		c.blocks[name] = append(c.blocks[name], b)
	}
	return c, lines.Err()
}

// covers reports whether the tests went through the mutant's place. What is in no
// block, such as a package's variables, they did.
func (c *coverage) covers(m *Mutant) bool {
	line, col := position(m.src, m.start)
	found := false
	for _, b := range c.blocks[path.Base(m.File)] {
		if before(line, col, b.fromLine, b.fromCol) || before(b.toLine, b.toCol, line, col) {
			continue
		}
		if b.run {
			return true
		}
		found = true
	}
	return !found
}

func before(line, col, otherLine, otherCol int) bool {
	return line < otherLine || line == otherLine && col < otherCol
}

func position(src []byte, offset int) (line, col int) {
	line, col = 1, 1
	for _, b := range src[:offset] {
		col++
		if b == '\n' {
			line, col = line+1, 1
		}
	}
	return line, col
}
