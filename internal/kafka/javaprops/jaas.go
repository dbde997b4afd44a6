package javaprops

import (
	"errors"
	"strings"
)

// Login is a JAAS login module with its options.
type Login struct {
	Class   string
	Options []Option
}

// Option is an option of a login module.
type Option struct{ Name, Value string }

// Get returns an option's value; empty for none.
func (l *Login) Get(name string) string {
	for _, o := range l.Options {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}

const jaasForm = `want CLASS required name="value" name="value";`

var (
	errJAAS    = errors.New("it cannot be read: " + jaasForm)
	errJAASEnd = errors.New("its end is missing, a semicolon: " + jaasForm)
	errQuote   = errors.New("a quotation mark in it is not closed: " + jaasForm)
	errModules = errors.New("it names several login modules, want one")
)

// ParseJAAS parses the value of sasl.jaas.config. Errors quote nothing of it, because it
// is a secret.
func ParseJAAS(text string) (*Login, error) {
	tokens, err := jaasTokens(text)
	if err != nil {
		return nil, err
	}
	if len(tokens) < 3 || tokens[0].sign {
		return nil, errJAAS
	}
	switch strings.ToLower(tokens[1].text) {
	case "required", "requisite", "sufficient", "optional":
	default:
		return nil, errJAAS
	}
	l := &Login{Class: tokens[0].text}
	for rest := tokens[2:]; ; rest = rest[3:] {
		switch {
		case len(rest) == 0:
			return nil, errJAASEnd
		case rest[0].is(";") && len(rest) == 1:
			return l, nil
		case rest[0].is(";"):
			return nil, errModules
		case len(rest) < 3 || rest[0].sign || !rest[1].is("=") || rest[2].sign:
			return nil, errJAAS
		}
		l.Options = append(l.Options, Option{rest[0].text, rest[2].text})
	}
}

type token struct {
	text string
	sign bool // = or ;
}

func (t token) is(sign string) bool { return t.sign && t.text == sign }

// jaasTokens splits words, quoted texts and signs.
func jaasTokens(text string) (tokens []token, err error) {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.IndexByte(" \t\r\n\f", c) >= 0:
			i++
		case c == '=' || c == ';':
			tokens = append(tokens, token{string(c), true})
			i++
		case c == '"' || c == '\'':
			word, next, ok := quoted(text[i:])
			if !ok {
				return nil, errQuote
			}
			tokens = append(tokens, token{word, false})
			i += next
		default:
			n := strings.IndexAny(text[i:], " \t\r\n\f=;\"'")
			if n < 0 {
				n = len(text) - i
			}
			tokens = append(tokens, token{text[i : i+n], false})
			i += n
		}
	}
	return tokens, nil
}

// quoted parses a text in quotation marks, and returns where it ends.
func quoted(text string) (word string, next int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == text[0]:
			return b.String(), i + 1, true
		case c == '\\' && i+1 < len(text):
			i++
			if at := strings.IndexByte("tnrf", text[i]); at >= 0 {
				b.WriteByte("\t\n\r\f"[at])
			} else {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, false
}
