package redact

import (
	"encoding/base32"
	"strings"
	"testing"
)

// TestBase32WithStrayCharacters: whatever stands before and behind it in the same word, an
// identifier in base32 of either alphabet is found.
func TestBase32WithStrayCharacters(t *testing.T) {
	for _, enc := range []*base32.Encoding{base32.StdEncoding.WithPadding(base32.NoPadding), base32.HexEncoding.WithPadding(base32.NoPadding)} {
		for _, id := range []string{"jane.doe@example.com", "jane.doe@example.org.uk", "+1 206 555 0100 22"} {
			word := enc.EncodeToString([]byte(id))
			for before := range 8 {
				for behind := range 8 {
					text := strings.Repeat("A", before) + word + strings.Repeat("A", behind)
					if got := Text("it said " + text + " there"); strings.Contains(got, word) {
						t.Errorf("%s with %d before and %d behind is shown: %s", id, before, behind, got)
					}
				}
			}
		}
	}
}

// TestTextInNoise: only letters in a row are a text, not those that other bytes part.
func TestTextInNoise(t *testing.T) {
	run := strings.Repeat("x", leastText)
	for text, want := range map[string]bool{
		run:               true,
		run[1:]:           false,
		"\x00\x01" + run:  true,
		"\xff" + run:      true,
		run[1:] + "\x01x": false,
		strings.Repeat(run[:leastText/2]+"\x01", 4): false,
		strings.Repeat(run[:leastText/2]+"\xff", 4): false,
		"": false,
	} {
		if textual([]byte(text)) >= leastLooseText && !want {
			continue // long enough as it is to be read
		}
		if got := hasText([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestSecretsBySight: the shortest mixtures of letters and digits that are taken for one, and
// what is one shorter or calmer.
func TestSecretsBySight(t *testing.T) {
	for text, want := range map[string]bool{
		"aB3dE5fG": true, "aB3dE5f": false, // eight of three kinds
		"ab3defGh": true, "ab3defgh": false, "AB3DEFGH": false,
		"a1b2c3d4e5f6": true, "a1b2c3d4e5f": false, // twelve of two, which change often
		"aB-3dE-5fG": true, "Version2": false, "OrderLine12": false,
	} {
		if got := secretive(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
