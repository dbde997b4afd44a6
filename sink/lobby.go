package sink

// strangersAtOnce is how many requests there may be at once for all profiles
// together that no account names and that Amazon has never accepted an event of.
// Profile ids come from data: each of thousands that somebody made up would have a
// request and a connection of its own, and with them the memory of the others.
const strangersAtOnce = 32

// lobby is where the lanes of such profiles wait for their turn, in the order in
// which they come.
type lobby chan struct{}

// enter waits until the lane may make a request; seated, it is to leave afterwards.
// It is false when the sink is stopping.
func (l *lane) enter() (seated, ok bool) {
	s := l.sink
	if !l.stranger() {
		return false, true
	}
	select {
	case s.lobby <- struct{}{}:
		return true, true
	default:
	}
	l.awaitTurn(true)
	defer l.awaitTurn(false)
	select {
	case s.lobby <- struct{}{}:
		return true, true
	case <-s.stop.Done():
		return false, false
	}
}

// tokenAtOnce is the token that is there at present; false if there is none.
func (l *lane) tokenAtOnce(by *Route) (AccessToken, bool) {
	l.mu.Lock()
	stale := l.stale
	l.mu.Unlock()
	token, err := by.tokens.Token(l.sink.ended, stale)
	return token, err == nil
}

func (l *lane) leave(seated bool) {
	if seated {
		<-l.sink.lobby
	}
}

// stranger reports whether the lane's profile has never been accepted, and is not
// one of the accounts'.
func (l *lane) stranger() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.sink.opts.Configured
	return !l.accepted && (f == nil || !f(l.profile))
}

func (l *lane) awaitTurn(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turnless = on
}
