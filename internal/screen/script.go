package screen

import "strings"

// Script folds the lines of a shell script, so that they can still be copied: a command that is
// too wide goes on in a line of its own, after a backslash.
func Script(script string, width int) (lines []string) {
	for line := range strings.SplitSeq(script, "\n") {
		lines = append(lines, command(line, width)...)
	}
	return lines
}

func command(line string, width int) (lines []string) {
	const further = "      "
	for width > 0 && Width(line) > width {
		at := breakAt(line, width-2)
		if at <= 0 {
			break
		}
		lines = append(lines, line[:at]+" \\")
		line = further + line[at+1:]
	}
	return append(lines, line)
}

// breakAt returns the last blank before width that is outside quotes, best before a flag; 0 for
// none.
func breakAt(line string, width int) (at int) {
	quote, flag, indent := byte(0), 0, len(line)-len(strings.TrimLeft(line, " "))
	for i := indent; i < len(line) && i <= width; i++ {
		switch c := line[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == ' ':
			at = i
			if strings.HasPrefix(line[i+1:], "--") {
				flag = i
			}
		}
	}
	if flag > width/2 {
		return flag
	}
	return at
}
