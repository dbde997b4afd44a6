package setting

import (
	"errors"
	"io"
	"testing"
)

func TestNames(t *testing.T) {
	k := Key("client-secret")
	if k.String() != "--client-secret" || k.Env() != "AMAZON_CAPI_CLIENT_SECRET" || k.File().Env() != "AMAZON_CAPI_CLIENT_SECRET_FILE" {
		t.Errorf("%s, %s, %s", k, k.Env(), k.File().Env())
	}
	if got, ours := OfEnv(k.Env()); got != k || !ours {
		t.Errorf("%s, %v", got, ours)
	}
	if _, ours := OfEnv("PATH"); ours {
		t.Error("PATH is none of ours")
	}
}

func TestMistakes(t *testing.T) {
	err := From.Mistakef("%q is not a time: %w", "soon", io.EOF)
	if err.Error() != `--from: "soon" is not a time: EOF` || !errors.Is(err, io.EOF) || !errors.As(err, new(*Mistake)) {
		t.Errorf("%v", err)
	}
	if Mistaken(nil) != nil || From.Wrap(nil) != nil {
		t.Error("no error is a mistake")
	}
	if err := From.Wrap(io.EOF); err.Error() != "--from: EOF" || !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}
