package guard

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Settings say what a storm of dead letters is. The zero value turns the guard off.
type Settings struct {
	Share  int           // percentage of dead letters that is exceeded
	Events int           // in at least so many events
	Within time.Duration // that got their verdicts within this time
	Before int           // percentage that was not reached before
}

// Default returns the settings unless others are given.
func Default() Settings { return Settings{Share: 50, Events: 500, Within: 5 * time.Minute, Before: 10} }

// Off reports whether nothing is guarded.
func (s Settings) Off() bool { return s.Events == 0 }

// String returns the settings as Parse reads them.
func (s Settings) String() string {
	if s.Off() {
		return "off"
	}
	return fmt.Sprintf("share=%d%%,events=%d,within=%s,before=%d%%", s.Share, s.Events, s.Within, s.Before)
}

const (
	minWithin, maxWithin = 10 * time.Second, 24 * time.Hour
	minEvents, maxEvents = 10, 10_000_000
)

var errSettings = errors.New("want on, off, or thresholds such as " + Default().String())

// Parse reads on, off, or thresholds as String writes them, of which any may be left out.
func Parse(text string) (Settings, error) {
	switch strings.TrimSpace(text) {
	case "on":
		return Default(), nil
	case "off":
		return Settings{}, nil
	}
	s := Default()
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return Settings{}, fmt.Errorf("%q is unknown: %w", text, errSettings)
		}
		if seen[name] {
			return Settings{}, fmt.Errorf("%s is given twice: %w", name, errSettings)
		}
		seen[name] = true
		if err := s.set(name, value); err != nil {
			return Settings{}, err
		}
	}
	if s.Before > s.Share {
		return Settings{}, fmt.Errorf("before %d%%, share %d%%: want before no larger than share", s.Before, s.Share)
	}
	return s, nil
}

func (s *Settings) set(name, value string) (err error) {
	switch name {
	case "share":
		s.Share, err = percent(value, 99)
	case "before":
		s.Before, err = percent(value, 100)
	case "events":
		if s.Events, err = strconv.Atoi(value); err != nil || s.Events < minEvents || s.Events > maxEvents {
			err = fmt.Errorf("events %q: want a number from %d to %d", value, minEvents, maxEvents)
		}
	case "within":
		if s.Within, err = time.ParseDuration(value); err != nil || s.Within < minWithin || s.Within > maxWithin {
			err = fmt.Errorf("within %q: want a duration from %s to %s, such as 5m", value, minWithin, maxWithin)
		}
	default:
		err = fmt.Errorf("%q is unknown: %w", name, errSettings)
	}
	return err
}

func percent(value string, most int) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(value, "%"))
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("%q is no percentage: want 1%% to %d%%", value, most)
	}
	return n, nil
}
