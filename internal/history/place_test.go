package history

import (
	"strings"
	"testing"
)

func TestParsePlace(t *testing.T) {
	if p, o, err := ParsePlace("3/18200"); p != 3 || o != 18200 || err != nil {
		t.Errorf("%d, %d, %v", p, o, err)
	}
	for _, s := range []string{"", "3", "/", "3/", "/5", "-1/5", "3/-5", "a/b", "3/5/7", "2147483648/0"} {
		if _, _, err := ParsePlace(s); err == nil || !strings.Contains(err.Error(), "want partition/offset") {
			t.Errorf("%q: %v", s, err)
		}
	}
}
