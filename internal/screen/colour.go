package screen

import (
	"slices"
	"strings"
)

// The colours, as a terminal's theme shows them.
const (
	green  = "32"
	yellow = "33"
	red    = "31"
	cyan   = "36"
)

// colours of the words that are verdicts, levels and states.
var colours = map[string]string{
	"accepted": green, "fine": green, "ok": green, "passed": green, "pass": green, "done": green, "sent": green, "send": green, "taken": green,
	"filtered": cyan, "erased": cyan, "in flight": cyan, "left out": yellow, "look": yellow, "open": yellow, "held": yellow, "waiting": yellow,
	"decode": red, "validation": red, "rejected": red, "auth": red, "foreign": red, "dead-lettered": red, "refused": red, "failed": red, "act": red, "missing": red, "lost": red,
}

// columns are the headers of the columns whose words are coloured: elsewhere such a word may
// be somebody's name.
var columns = []string{"class", "level", "state", "result", "verdict", "outcome"}

// Verdict returns a word in the colour of what it says, if w is a screen with colours.
func Verdict(w any, word string) string {
	if s, ok := w.(*Screen); ok && s.colour {
		return paint(word)
	}
	return word
}

func paint(word string) string {
	bare := strings.TrimSpace(word)
	if c := colours[bare]; c != "" {
		return strings.Replace(word, bare, "\x1b["+c+"m"+bare+"\x1b[0m", 1)
	}
	return word
}

func coloured(header string) bool { return slices.Contains(columns, header) }

// Colours reports whether verdicts are coloured: on a terminal, unless the environment says
// otherwise. NO_COLOR wins over CLICOLOR_FORCE.
func Colours(environ []string, terminal bool) bool {
	value := func(name string) string { return lookup(environ, name) }
	switch force := value("CLICOLOR_FORCE"); {
	case value("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	case value("CLICOLOR") == "0", value("TERM") == "dumb":
		return false
	}
	return terminal
}

// lookup returns a variable's value; the last one wins, as for Go's processes.
func lookup(environ []string, name string) (value string) {
	for _, e := range environ {
		if n, v, _ := strings.Cut(e, "="); n == name {
			value = v
		}
	}
	return value
}
