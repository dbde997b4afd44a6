package login

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/health"
)

func newAPIToken(t *testing.T, o APITokenOptions) *APIToken {
	t.Helper()
	s, err := NewAPIToken(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func failing(cs *health.Conditions) (why []string) {
	for _, c := range cs.States() {
		if !c.OK {
			why = append(why, c.Name+": "+c.Reason)
		}
	}
	return why
}

// TestARefusedAPITokenStopsEverybody: it is the account's and no profile's, also for those
// who were not refused themselves; and it says what to do.
func TestARefusedAPITokenStopsEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conds := health.NewConditions(zerolog.Nop(), nil)
		s := newAPIToken(t, APITokenOptions{Account: "eu", Token: "hunter2", Conditions: conds})
		first, err := s.Token(t.Context(), AccessToken{})
		if err != nil || first.Secret() != "hunter2" {
			t.Fatal(err)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Token(over, AccessToken{}); err != nil {
			t.Errorf("a token that is there, after the context has ended: %v", err)
		}
		if _, err := s.Token(over, first); err == nil {
			t.Error("the token was refused and is given again")
		}
		if _, err := s.Token(over, AccessToken{}); err == nil {
			t.Error("another lane of the account gets the refused token")
		}
		why := failing(conds)
		if len(why) != 1 || !strings.HasPrefix(why[0], "token eu: ") || !strings.Contains(why[0], "401") || !strings.Contains(why[0], "replace api_token of account eu") {
			t.Errorf("conditions %q", why)
		}
		if strings.Contains(fmt.Sprint(why), "hunter2") {
			t.Error("the token is shown")
		}
	})
}

// TestARefusedAPITokenIsTriedAgain: ever more rarely while it is refused, and a try that
// goes well is the end of it.
func TestARefusedAPITokenIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conds := health.NewConditions(zerolog.Nop(), nil)
		s := newAPIToken(t, APITokenOptions{Token: "hunter2", Conditions: conds, Rand: func() float64 { return 0.5 }})
		token, _ := s.Token(t.Context(), AccessToken{})
		var last time.Duration
		for range 8 {
			began := time.Now()
			next, err := s.Token(t.Context(), token)
			if err != nil || next.RefusedBy(token) {
				t.Fatalf("%v, the same generation: %v", err, next.RefusedBy(token))
			}
			took := time.Since(began)
			if took < apiTokenTryMin || took < last || took > apiTokenTryMax+apiTokenTryMin {
				t.Errorf("tried again after %s, before after %s", took, last)
			}
			token, last = next, took
			if len(failing(conds)) != 1 {
				t.Error("well before a try has gone well")
			}
		}
		time.Sleep(apiTokenProof + time.Second)
		synctest.Wait()
		if why := failing(conds); len(why) != 0 {
			t.Errorf("after a try that nobody was refused by: %q", why)
		}
		began := time.Now()
		if _, err := s.Token(t.Context(), token); err != nil || time.Since(began) > apiTokenTryMin+apiTokenTryMin {
			t.Errorf("the next refusal waits %s: want the row started again", time.Since(began))
		}
	})
}

func TestAPITokenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conds := health.NewConditions(zerolog.Nop(), nil)
		s := newAPIToken(t, APITokenOptions{Account: "eu", Token: "hunter2", Conditions: conds})
		token, _ := s.Token(t.Context(), AccessToken{})
		ended := make(chan error)
		go func() {
			_, err := s.Token(context.Background(), token)
			ended <- err
		}()
		synctest.Wait()
		s.Retire(false)
		if err := <-ended; err == nil {
			t.Error("who waits gets a token that has been retired")
		}
		if len(conds.States()) != 0 {
			t.Error("the account that is gone still has a condition")
		}
	})
}

func TestAPITokensThatAreNone(t *testing.T) {
	for _, token := range []string{"", " hunter2", "hunter2\n", "hun\nter2", "hunter2\x00"} {
		if _, err := NewAPIToken(APITokenOptions{Token: token}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", token, err)
		}
	}
}
