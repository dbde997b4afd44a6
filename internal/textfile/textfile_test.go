package textfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

func utf16Of(s string, order binary.AppendByteOrder, mark bool) []byte {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func utf32Of(s string, order binary.AppendByteOrder, mark bool) []byte {
	var b []byte
	if mark {
		b = order.AppendUint32(b, 0xfeff)
	}
	for _, r := range s {
		b = order.AppendUint32(b, uint32(r))
	}
	return b
}

func TestText(t *testing.T) {
	const s = "brokers: localhost\n"
	type text struct {
		data []byte
		want string
		err  error
	}
	texts := map[string]text{
		"plain":         {[]byte(s), s, nil},
		"with a mark":   {[]byte(Mark + s), s, nil},
		"with two":      {[]byte(Mark + Mark + s), Mark + s, nil},
		"empty":         {nil, "", nil},
		"only the mark": {[]byte(Mark), "", nil},
		"one byte":      {[]byte("x"), "x", nil},
		"three bytes":   {[]byte("xyz"), "xyz", nil},
		"not ASCII":     {[]byte("é"), "é", nil},
	}
	for name, order := range map[string]binary.AppendByteOrder{"LE": binary.LittleEndian, "BE": binary.BigEndian} {
		for _, mark := range []bool{true, false} {
			texts["UTF-16"+name+map[bool]string{true: " marked"}[mark]] = text{utf16Of(s, order, mark), "", ErrUTF16}
			texts["UTF-32"+name+map[bool]string{true: " marked"}[mark]] = text{utf32Of(s, order, mark), "", ErrUTF32}
		}
		texts["one UTF-16 character "+name] = text{utf16Of("x", order, false), "", ErrUTF16}
	}
	for name, c := range texts {
		got, err := Clean(c.data)
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v; want %q, %v", name, got, err, c.want, c.err)
		}
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s, file: %q, %v; want %q, %v", name, got, err, c.want, c.err)
		}
		for way, r := range map[string]io.Reader{"whole": bytes.NewReader(c.data), "bytewise": iotest.OneByteReader(bytes.NewReader(c.data)), "with the end": iotest.DataErrReader(bytes.NewReader(c.data))} {
			if got, err := io.ReadAll(NewReader(r)); string(got) != c.want || !errors.Is(err, c.err) {
				t.Errorf("%s, read %s: %q, %v; want %q, %v", name, way, got, err, c.want, c.err)
			}
		}
	}
}

func TestReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	for n := range 6 {
		r := NewReader(io.MultiReader(bytes.NewReader([]byte("abcdef")[:n]), iotest.ErrReader(broken)))
		if got, err := io.ReadAll(r); string(got) != "abcdef"[:n] || !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %q, %v", n, got, err)
		}
	}
}
