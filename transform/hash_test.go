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

func TestHash(t *testing.T) {
	tr := newTransformer(t, Options{}).Alone()
	if tr.oneBlock == nil {
		t.Error("this version of Go keeps a hash's state in another way: hashing is slower than it could be")
	}
	// Longer and shorter ones in turn: nothing of one is to be in the next.
	for n := range 130 {
		for _, size := range []int{n + 1, 130 - n} {
			b := bytes.Repeat([]byte{byte(n), 0x80, 0xff}, size)[:size]
			var got Hash
			tr.hash(&got, b)
			sum := sha256.Sum256(b)
			if want := hex.EncodeToString(sum[:]); string(got[:]) != want {
				t.Errorf("%d bytes: got %s, want %s", size, got[:], want)
			}
		}
	}
}

// One that goroutines share hashes without what they cannot share.
func TestAloneMakesTheSameConversions(t *testing.T) {
	shared := newTransformer(t, Options{Wide: true})
	alone := shared.Alone()
	if shared.oneBlock != nil || alone.oneBlock == shared.Alone().oneBlock {
		t.Fatal("memory is shared")
	}
	events := usual()
	events["wide"] = wideEvent()
	for name, ev := range events {
		if got, want := convert(t, alone, ev), convert(t, shared, ev); got != want {
			t.Errorf("%s: %s", name, diff(got, want))
		}
	}
}

func TestNoIdentifierStaysInMemory(t *testing.T) {
	o := newOneBlock()
	o.sum([]byte("jane@example.com"))
	if o.block != [sha256.BlockSize]byte{} {
		t.Error("the block is kept")
	}
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
