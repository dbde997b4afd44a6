package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Secret makes a secret of this process known, so that no text that leaves it
// shows the secret, as it is or encoded. Whoever reads or is given a secret calls
// it; to call it again costs little. A secret of fewer than four characters cannot
// be told from words and is not looked for.
//
// There is one set of secrets for the process. A set that had to be passed to
// every place that formats an error would be missing from one of them.
func Secret(s string) { secrets.add(strings.TrimSpace(s)) }

// Credentials is Secret for the password of a user, and for the two as basic
// authentication sends them.
func Credentials(user, password string) {
	Secret(password)
	if password != "" {
		Secret(user + ":" + password)
	}
}

// URLCredentials is Credentials for what may be in a URL, or in several with
// commas between them, even if it is not a URL otherwise: it is called before a
// mistake in it is reported.
func URLCredentials(text string) {
	for _, one := range append(strings.Split(text, ","), text) {
		at := strings.LastIndexByte(one, '@')
		if at < 0 {
			continue
		}
		userinfo := one[:at]
		if i := strings.Index(userinfo, "://"); i >= 0 {
			userinfo = userinfo[i+len("://"):]
		}
		user, password, ok := strings.Cut(strings.TrimLeft(userinfo, "/ "), ":")
		if !ok {
			user, password = "", user // a token, as some registries take it
		}
		Credentials(user, password)
		if plain, err := url.PathUnescape(password); err == nil {
			Credentials(user, plain)
		}
	}
}

const (
	leastSecret = 4
	// Shorter secrets count only between other characters than letters and
	// digits: "test" is part of "latest".
	leastAnywhere = 6
	// A secret this long is known by its beginning, too, because many quote no
	// more of a token than that.
	leastCut, cutLength = 20, 12
	// maxSecrets bounds what is remembered. Access tokens are renewed for as long
	// as the process runs; the oldest secrets that came after the first half,
	// which are the settings, make room.
	maxSecrets = 8192
)

// secrets are those of this process.
var secrets secretSet

type secretSet struct {
	mu    sync.Mutex
	known map[string]bool
	order []string
	index atomic.Pointer[secretIndex]
}

// secretIndex has the needles for text that is normalised, and those for a line
// that our own code wrote.
// cut has the beginnings of secrets, and apart has them without blanks, for text
// whose blanks are left out.
type secretIndex struct{ text, line, cut, apart *needles }

func (s *secretSet) add(secret string) {
	if len(secret) < leastSecret || slices.Contains(masks, lowerASCII(secret)) {
		return // a mask that is masked itself would grow with every pass
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[secret] {
		return
	}
	if s.known == nil {
		s.known = make(map[string]bool)
	}
	if len(s.order) >= maxSecrets {
		const oldest = maxSecrets / 2
		delete(s.known, s.order[oldest])
		s.order = append(s.order[:oldest], s.order[oldest+1:]...)
	}
	s.known[secret] = true
	s.order = append(s.order, secret)
	s.index.Store(nil)
}

// indexed returns the index, which is built when it is first used: an accounts
// file has hundreds of secrets.
func (s *secretSet) indexed() *secretIndex {
	if ix := s.index.Load(); ix != nil {
		return ix
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ix := s.index.Load(); ix != nil {
		return ix
	}
	ix := &secretIndex{newNeedles(), newNeedles(), newNeedles(), newNeedles()}
	for _, secret := range s.order {
		addApart(ix.apart, secret)
		if len(secret) >= leastCut {
			ix.cut.add(needle{text: secret[:cutLength], word: true})
		}
		addText(ix.text, secret)
		addLine(ix.line, secret)
	}
	s.index.Store(ix)
	return ix
}

// addText adds the forms that a secret can have in text that is normalised but for
// base64 and hex. A secret that has escapes in it is normalised as the text is.
func addText(n *needles, secret string) {
	plain := unescape(fold(secret))
	for _, form := range []string{secret, plain, strings.ReplaceAll(plain, " ", "+"), strings.ToUpper(plain), strings.ToLower(plain)} {
		n.add(needle{text: form, apart: len(form) < leastAnywhere})
	}
	addEncoded(n, secret, true)
}

// addLine adds the forms that a secret can have in a line of our own. Only those
// that cannot be a word of ours count, because what is ours is not masked.
func addLine(n *needles, secret string) {
	if len(secret) < 8 || strings.Trim(secret, "0123456789") == "" ||
		len(secret) < 14 && strings.IndexFunc(secret, func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' && r != '_' && r != ' ' }) < 0 {
		return
	}
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	if quoted, err := json.Marshal(secret); err == nil {
		forms = append(forms, string(quoted[1:len(quoted)-1]))
	}
	forms = append(forms, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret))
	for _, form := range forms {
		n.add(needle{text: form})
	}
	addEncoded(n, secret, true)
}

// addApart adds what a secret is without blanks, unless that is words, which a
// message may have one after another.
func addApart(n *needles, secret string) {
	plain := strings.ReplaceAll(Line(unescape(fold(secret)), len(secret)), " ", "")
	if len(plain) >= leastApart && strings.Trim(plain, "abcdefghijklmnopqrstuvwxyz") != "" && countDigits(plain) < len(plain) {
		n.add(needle{text: plain})
	}
	addEncoded(n, secret, false) // as mail has it, in lines or groups
}

// addEncoded adds base64 and hex. What comes before a secret moves its place among
// base64's groups of three bytes, so there are three forms of it, less what the
// neighbours have part of. word: with them goes the rest of the word.
func addEncoded(n *needles, secret string, word bool) {
	const least = 8
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := enc.EncodeToString(append(make([]byte, before), secret...))
			text = text[(before*8+5)/6:]
			if over := (before + len(secret)) % 3; over > 0 {
				text = text[:len(text)-1]
			}
			if len(text) >= least {
				n.add(needle{text: text, word: word})
			}
		}
		if text := enc.EncodeToString([]byte(secret)); len(text) < least && word {
			n.add(needle{text: text, apart: true}) // it is no part of a word by chance
		}
	}
	if text := hex.EncodeToString([]byte(secret)); len(text) >= least {
		n.add(needle{text: text, word: word})
	}
}

// mask returns normalised text without secrets.
func (s *secretSet) mask(text string) string {
	return s.indexed().text.mask(text, "[secret]")
}

// maskParts masks, in text that has no more escapes, secrets with blanks in them, as a
// line that was wrapped has, and the beginnings of secrets that were cut.
func (s *secretSet) maskParts(text string) string {
	ix := s.indexed()
	if close, at := squeeze(text); at != nil {
		if covered := spread(nil, ix.apart.find(close), at, len(text)); covered != nil {
			text = maskCovered(text, covered, "[secret]")
		}
	}
	return ix.cut.mask(text, "[secret]")
}

// scattered reports whether masked text still has a secret in it that comes to light only
// without any blanks: a line may be broken within an escape.
func (s *secretSet) scattered(text string) bool {
	close, at := squeeze(text)
	if at == nil {
		return false
	}
	for range maxRounds {
		if s.indexed().apart.find(close) != nil {
			return true
		}
		next := strings.ReplaceAll(Line(unescape(fold(close)), inputLimit), " ", "")
		if next == close {
			return false
		}
		close = next
	}
	return true
}

// has reports whether a secret is in s.
func (s *secretSet) has(text string) bool {
	ix := s.indexed()
	close, _ := squeeze(text)
	return ix.text.find(text) != nil || ix.cut.find(text) != nil || ix.apart.find(close) != nil
}

// needle is something to look for.
type needle struct {
	text string // in lower case
	// apart: only where no letter or digit is next to it.
	apart bool
	// word: with it goes the rest of the word that it is in.
	word bool
	at   int // where in text its key is
}

const keyLength = 4

// needles finds many strings in one pass, whatever the case of ASCII letters. A
// needle is looked up by four bytes of its middle: the beginnings of tokens are all
// alike.
type needles struct {
	pairs [1 << 10]uint64 // which first two bytes of keys there are
	byKey map[[keyLength]byte][]needle
	known map[string]bool
}

func newNeedles() *needles {
	return &needles{byKey: make(map[[keyLength]byte][]needle), known: make(map[string]bool)}
}

func (n *needles) add(one needle) {
	one.text = lowerASCII(one.text)
	if len(one.text) < keyLength || n.known[one.text] {
		return
	}
	n.known[one.text] = true
	one.at = (len(one.text) - keyLength) / 2
	key := [keyLength]byte([]byte(one.text[one.at:][:keyLength]))
	n.byKey[key] = append(n.byKey[key], one)
	pair := uint16(key[0])<<8 | uint16(key[1])
	n.pairs[pair>>6] |= 1 << (pair & 63)
}

// mask replaces what is found. Everything is found before anything is replaced:
// needles overlap.
func (n *needles) mask(text, with string) string {
	covered := n.find(text)
	if covered == nil {
		return text
	}
	return maskCovered(text, covered, with)
}

// find returns which bytes of text belong to needles, nil if none do.
func (n *needles) find(text string) (covered []bool) {
	if len(n.byKey) == 0 || len(text) < keyLength {
		return nil
	}
	var lower string
	before := lowerByte(text[0])
	for i := 0; i+keyLength <= len(text); i++ {
		next := lowerByte(text[i+1])
		pair := uint16(before)<<8 | uint16(next)
		before = next
		if n.pairs[pair>>6]&(1<<(pair&63)) == 0 {
			continue
		}
		if lower == "" {
			lower = lowerASCII(text)
		}
		for _, one := range n.byKey[[keyLength]byte([]byte(lower[i:][:keyLength]))] {
			if from := i - one.at; from >= 0 && strings.HasPrefix(lower[from:], one.text) {
				covered = one.cover(covered, lower, from)
			}
		}
	}
	return covered
}

// cover marks where a needle was found.
func (one *needle) cover(covered []bool, text string, from int) []bool {
	to := from + len(one.text)
	if one.apart && (from > 0 && isWord(text[from-1]) || to < len(text) && isWord(text[to])) {
		return covered
	}
	if covered == nil {
		covered = make([]bool, len(text))
	}
	if one.word {
		for from > 0 && !covered[from-1] && isToken(text[from-1]) {
			from--
		}
		for to < len(text) && !covered[to] && isToken(text[to]) {
			to++
		}
	}
	for i := from; i < to; i++ {
		covered[i] = true
	}
	return covered
}

// maskCovered puts with in place of each run that is covered.
func maskCovered(text string, covered []bool, with string) string {
	var b strings.Builder
	for i := range covered {
		switch {
		case !covered[i]:
			b.WriteByte(text[i])
		case i == 0 || !covered[i-1]:
			b.WriteString(with)
		}
	}
	return b.String()
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isToken reports whether c can be part of a token or of base64.
func isToken(c byte) bool {
	return isWord(c) || c == '+' || c == '/' || c == '-' || c == '_' || c == '=' || c == '|' || c == '.' || c == '~'
}
