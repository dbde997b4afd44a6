package login

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestExchangeTokenOnce(t *testing.T) {
	opts := func(l *lwa) Options {
		return Options{URL: "https://lwa.test/t", ClientID: testClient, ClientSecret: testSecret, RefreshToken: testRefresh, HTTPClient: &http.Client{Transport: l}}
	}
	synctest.Test(t, func(t *testing.T) {
		l := &lwa{answer: func(int) reply { return granted(7, 1200) }}
		g, err := Exchange(t.Context(), opts(l))
		if err != nil || g.Token.Secret() != "Atza|access-7" || g.ExpiresIn != 20*time.Minute || g.NewRefreshToken {
			t.Errorf("%v, %v", g, err)
		}
		l.become(func(int) reply {
			return reply{status: 400, body: `{"error":"invalid_grant","error_description":"` + testRefresh + `"}`}
		})
		_, err = Exchange(t.Context(), opts(l))
		if err == nil || !strings.Contains(err.Error(), "--refresh-token") || strings.Contains(err.Error(), testRefresh) {
			t.Errorf("%v", err)
		}
		if l.count() != 2 {
			t.Errorf("%d exchanges for two calls", l.count())
		}
		l.become(func(int) reply { return reply{delay: time.Hour} })
		if _, err = Exchange(t.Context(), opts(l)); err == nil || !strings.Contains(err.Error(), "no answer within 10s") {
			t.Errorf("%v", err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		if _, err = Exchange(ctx, opts(l)); err == nil || err.Error() != "enough" {
			t.Errorf("%v", err)
		}
	})
	bad := opts(&lwa{})
	bad.ClientSecret = ""
	if _, err := Exchange(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "--client-secret") {
		t.Errorf("%v", err)
	}
}
