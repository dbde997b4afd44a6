package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/twmb/franz-go/pkg/sr"
)

// VersionStatus says under which numbers the registry has a version of ours.
type VersionStatus struct {
	// Version is ours, from 1 on.
	Version int `json:"version"`
	// Registered is false if the registry's subject does not have it.
	Registered bool `json:"registered"`
	// ID is what records carry; SubjectVersion is the registry's own count.
	ID             int `json:"id,omitempty"`
	SubjectVersion int `json:"subject_version,omitempty"`
	// GUID is what records carry whose header names the schema; empty if the registry
	// knows none.
	GUID string `json:"guid,omitempty"`
	// Glue is the UUID of the version in AWS Glue, which has neither ids nor GUIDs.
	Glue string `json:"glue_version,omitempty"`
}

// SubjectStatus is the result of Check for a subject.
type SubjectStatus struct {
	Subject string `json:"subject"`
	// Exists is false if nothing is registered under the subject.
	Exists bool `json:"exists"`
	// Level is the compatibility that the registry enforces, such as BACKWARD; NONE
	// means that it accepts everything.
	Level string `json:"compatibility_level,omitempty"`
	// Compatible reports whether the registry would accept our latest version; Messages
	// say why not. Untold means that the registry does not say before a version is
	// registered.
	Compatible bool     `json:"compatible"`
	Messages   []string `json:"messages,omitempty"`
	Untold     bool     `json:"compatibility_untold,omitempty"`
	// Versions are ours, oldest first.
	Versions []VersionStatus `json:"versions"`
	// Foreign are the subject's other versions. Their records are read as well if
	// they are TrackLayer's events.
	Foreign []int `json:"foreign_versions,omitempty"`
}

// maxMessages is how many of the registry's reasons are kept: it gives one for each difference.
const maxMessages = 20

func avroSchema(text string) sr.Schema { return sr.Schema{Schema: text, Type: sr.TypeAvro} }

// Register registers the versions of the event schema under the subject, oldest
// first, and returns the ids that their records carry. A version that is registered
// keeps its id, so Register may be repeated. The error is a *RefusedError if the
// registry rejects a version, and a *AwayError if it is away.
func (r *Client) Register(ctx context.Context, subject string, versions []string) ([]VersionStatus, error) {
	if r.GlueAlone() {
		return r.glueRegister(ctx, subject, versions)
	}
	subject = r.qualified(subject)
	var done []VersionStatus
	for i, text := range versions {
		v := i + 1
		var answer struct {
			ID int `json:"id"`
		}
		op := fmt.Sprintf("registering version %d of the event schema under %s", v, subject)
		err := r.call(ctx, question{op: op, submits: true}, func(ctx context.Context, cl *sr.Client) error {
			answer.ID = 0
			if err := cl.Do(ctx, http.MethodPost, subjectPath(subject)+"/versions", avroSchema(text), &answer); err != nil {
				return err
			}
			if answer.ID <= 0 {
				return errNoSchema
			}
			return nil
		})
		if err != nil {
			return done, err
		}
		// Registries answer with the id alone; the subject's number takes another request.
		st, err := r.status(ctx, subject, v, text)
		if err != nil {
			return done, err
		}
		st.Registered, st.ID = true, answer.ID
		done = append(done, st)
	}
	return done, nil
}

// Check compares the subject with the versions of the event schema, oldest first,
// and changes nothing.
func (r *Client) Check(ctx context.Context, subject string, versions []string) (SubjectStatus, error) {
	if r.GlueAlone() {
		return r.glueCheck(ctx, subject, versions)
	}
	subject = r.qualified(subject)
	res := SubjectStatus{Subject: subject}
	numbers, err := r.subjectVersions(ctx, subject)
	if err != nil {
		return res, err
	}
	res.Exists = len(numbers) > 0
	ours := make(map[int]bool)
	for i, text := range versions {
		st, err := r.status(ctx, subject, i+1, text)
		if err != nil {
			return res, err
		}
		ours[st.SubjectVersion] = true
		res.Versions = append(res.Versions, st)
	}
	for _, n := range numbers {
		if !ours[n] {
			res.Foreign = append(res.Foreign, n)
		}
	}
	if res.Level, err = r.level(ctx, subject); err != nil {
		return res, err
	}
	res.Compatible, res.Messages, err = r.compatible(ctx, subject, versions[len(versions)-1])
	return res, err
}

func subjectPath(subject string) string { return "/subjects/" + url.PathEscape(subject) }

func (r *Client) subjectVersions(ctx context.Context, subject string) (numbers []int, err error) {
	err = r.call(ctx, question{op: "the versions of " + subject}, func(ctx context.Context, cl *sr.Client) (err error) {
		numbers, err = cl.SubjectVersions(ctx, subject)
		return err
	})
	if missing(err) {
		return nil, nil
	}
	return numbers, err
}

func (r *Client) status(ctx context.Context, subject string, v int, text string) (VersionStatus, error) {
	st := VersionStatus{Version: v}
	var found sr.SubjectSchema
	op := fmt.Sprintf("version %d of the event schema under %s", v, subject)
	err := r.call(ctx, question{op: op, submits: true}, func(ctx context.Context, cl *sr.Client) (err error) {
		if found, err = cl.LookupSchema(ctx, subject, avroSchema(text)); err == nil && found.ID <= 0 {
			err = errNoSchema
		}
		return err
	})
	if missing(err) {
		return st, nil
	}
	if err != nil {
		return st, err
	}
	st.Registered, st.ID, st.SubjectVersion, st.GUID = true, found.ID, found.Version, found.GUID
	return st, nil
}

func (r *Client) level(ctx context.Context, subject string) (string, error) {
	var answer struct {
		Level string `json:"compatibilityLevel"`
	}
	ctx = sr.WithParams(ctx, sr.DefaultToGlobal)
	err := r.call(ctx, question{op: "the compatibility of " + subject}, func(ctx context.Context, cl *sr.Client) error {
		return cl.Do(ctx, http.MethodGet, "/config/"+url.PathEscape(subject), nil, &answer)
	})
	if missing(err) {
		return "", nil
	}
	return answer.Level, err
}

func (r *Client) compatible(ctx context.Context, subject, latest string) (ok bool, messages []string, err error) {
	var answer sr.CheckCompatibilityResult
	ctx = sr.WithParams(ctx, sr.Verbose)
	err = r.call(ctx, question{op: "compatibility with " + subject, submits: true}, func(ctx context.Context, cl *sr.Client) (err error) {
		const allThatItsLevelAsksFor = -2
		answer, err = cl.CheckCompatibility(ctx, subject, allThatItsLevelAsksFor, avroSchema(latest))
		return err
	})
	if missing(err) {
		return true, nil, nil // nothing there to conflict with
	}
	said := answer.Messages[:min(len(answer.Messages), maxMessages)]
	for i, m := range said {
		said[i] = oneLine(m)
	}
	return answer.Is, said, err
}
