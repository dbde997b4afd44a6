package transform

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"
)

func TestHex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum := [sha256.Size]byte(rapid.SliceOfN(rapid.Byte(), sha256.Size, sha256.Size).Draw(t, "sum"))
		var got Hash
		got.hex(&sum)
		if want := hex.EncodeToString(sum[:]); string(got[:]) != want {
			t.Fatalf("got %s, want %s", got[:], want)
		}
	})
}

func TestIsHex(t *testing.T) {
	for c := range 256 {
		want := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if got := isHex(string([]byte{'0', byte(c)})); got != want {
			t.Errorf("isHex of byte %#x: %v", c, got)
		}
	}
}

func TestTakeKnowsHexFromAllElse(t *testing.T) {
	hash := sha("jane.doe@example.com")
	for at := range hash {
		for c := range 256 {
			given := hash
			given[at] = byte(c)
			want := Hash(bytes.ToLower(given[:]))
			if !isHex(string(given[at : at+1])) {
				want = Hash{}
			}
			var got Hash
			if ok := got.take(string(given[:])); got != want || ok != got.IsSet() {
				t.Fatalf("byte %#x at %d: taken %v", c, at, ok)
			}
		}
	}
}
