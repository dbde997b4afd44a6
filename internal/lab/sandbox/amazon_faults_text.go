package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// duration is a duration that JSON spells as people do: "250ms".
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 250ms or 1m30s", b)
	}
	*d = duration(v)
	return nil
}

type plainFault Fault

// faultJSON adds the durations, which Fault keeps out of JSON.
type faultJSON struct {
	*plainFault
	RetryAfter duration `json:"retry_after,omitzero"`
	Latency    duration `json:"latency,omitzero"`
	Jitter     duration `json:"jitter,omitzero"`
	For        duration `json:"for,omitzero"`
}

func (f Fault) forJSON() faultJSON {
	return faultJSON{(*plainFault)(&f), duration(f.RetryAfter), duration(f.Latency), duration(f.Jitter), duration(f.For)}
}

// MarshalJSON writes durations as text.
func (f Fault) MarshalJSON() ([]byte, error) { return json.Marshal(f.forJSON()) }

// UnmarshalJSON reads what MarshalJSON writes and refuses unknown fields: a
// fault that is misspelt would otherwise be one that never strikes.
func (f *Fault) UnmarshalJSON(b []byte) error {
	*f = Fault{}
	j := f.forJSON()
	j.plainFault = (*plainFault)(f)
	if err := strictJSON(bytes.NewReader(b), &j); err != nil {
		return err
	}
	f.RetryAfter, f.Latency = time.Duration(j.RetryAfter), time.Duration(j.Latency)
	f.Jitter, f.For = time.Duration(j.Jitter), time.Duration(j.For)
	return nil
}

// ParseFault reads a fault as the command line has it: the action, then
// settings by their JSON names.
//
//	status,status=429,retry_after=2s,chance=0.1
//	delay,latency=300ms,jitter=200ms,profile=1234567890
//	status,at=token,status=400,code=invalid_grant,for=30s
func ParseFault(s string) (Fault, error) {
	do, rest, _ := strings.Cut(s, ",")
	f := Fault{Do: Action(strings.TrimSpace(do))}
	for _, setting := range strings.FieldsFunc(rest, func(r rune) bool { return r == ',' }) {
		key, value, _ := strings.Cut(setting, "=")
		if err := f.setText(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w", s, err)
		}
	}
	if err := f.normalise(); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", s, err)
	}
	return f, nil
}

func (f *Fault) setText(key, value string) (err error) {
	switch key {
	case "name":
		f.Name = value
	case "at":
		f.At = Endpoint(value)
	case "profile":
		f.Profile = value
	case "code":
		f.Code = value
	case "status":
		f.Status, err = strconv.Atoi(value)
	case "count":
		f.Count, err = strconv.Atoi(value)
	case "retry_after":
		f.RetryAfter, err = time.ParseDuration(value)
	case "latency":
		f.Latency, err = time.ParseDuration(value)
	case "jitter":
		f.Jitter, err = time.ParseDuration(value)
	case "for":
		f.For, err = time.ParseDuration(value)
	case "rate":
		f.Rate, err = strconv.ParseFloat(value, 64)
	case "share":
		f.Share, err = strconv.ParseFloat(value, 64)
	case "chance":
		f.Chance, err = strconv.ParseFloat(value, 64)
	case "taken":
		f.Taken, err = boolText(value)
	case "retry_date":
		f.RetryDate, err = boolText(value)
	default:
		return fmt.Errorf("setting %q is unknown: want name, at, profile, status, code, retry_after, retry_date, latency, jitter, rate, share, taken, chance, count or for", key)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// boolText lets a flag be named alone: "taken" is "taken=true".
func boolText(s string) (bool, error) {
	if s == "" {
		return true, nil
	}
	return strconv.ParseBool(s)
}

// strictJSON reads one JSON value and refuses unknown fields and what follows.
func strictJSON(r io.Reader, v any) error {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
