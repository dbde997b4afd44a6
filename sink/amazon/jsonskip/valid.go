package jsonskip

import "strings"

// Valid skips a value of valid JSON, however deep, and returns its end.
func Valid(b []byte, i int) int {
	depth := 0
	for i = Blanks(b, i); i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		case ',', ':', ' ', '\t', '\r', '\n':
			continue
		default:
			for i+1 < len(b) && !strings.ContainsRune(",]}: \t\r\n", rune(b[i+1])) {
				i++
			}
		}
		// The string just read was a key if a colon follows; at depth 0 it is the
		// value itself.
		if depth == 0 {
			return min(i+1, len(b))
		}
	}
	return len(b)
}

// Elements returns the length of an array of valid JSON.
func Elements(b []byte) (n int) {
	for i := Blanks(b, 1); i < len(b) && b[i] != ']'; n++ {
		if i = Blanks(b, Valid(b, i)); i < len(b) && b[i] == ',' {
			i = Blanks(b, i+1)
		}
	}
	return n
}

// HasContent reports whether a value of valid JSON holds anything but null, false,
// 0 and empty texts.
func HasContent(b []byte) bool {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '}', '[', ']', ',', ':', ' ', '\t', '\r', '\n':
			continue
		}
		end := Valid(b, i)
		token := string(b[i:end])
		if after := Blanks(b, end); after < len(b) && b[after] == ':' {
			i = after
			continue // a key
		}
		switch token {
		case "null", "false", `""`:
		default:
			if strings.Trim(strings.Trim(token, `"`), "-0.eE+") != "" {
				return true
			}
		}
		i = end - 1
	}
	return false
}
