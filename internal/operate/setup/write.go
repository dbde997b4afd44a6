package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// target is where the files go.
type target struct{ file, folder string }

// target checks, before any question, that the file can be written.
func (s *setup) target(ctx context.Context) (target, error) {
	file, err := filepath.Abs(s.File)
	if err != nil || s.File == "" || strings.HasSuffix(s.File, string(filepath.Separator)) {
		return target{}, setting.Output.Mistakef("%q is not a name of a file: want one such as config.yaml", s.File)
	}
	t := target{file, strings.TrimSuffix(file, filepath.Ext(file)) + ".secrets"}
	info, err := os.Stat(file)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return t, setting.Output.Mistakef("%s is not a file: want one such as config.yaml", file)
	case err == nil && !s.Overwrite && s.Prompt == nil:
		return t, setting.Output.Mistakef("%s exists: want another file, or %s", file, setting.Overwrite)
	case err == nil && !s.Overwrite:
		if s.Overwrite, err = s.Prompt.Confirm(ctx, file+" exists. Overwrite it in the end?", false); err != nil {
			return t, err
		}
		if !s.Overwrite {
			return t, setting.Output.Mistakef("%s exists: want another file, or %s", file, setting.Overwrite)
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return t, setting.Output.Wrap(redact.File(err))
	}
	return t, setting.Output.Wrap(redact.File(writable(filepath.Dir(file))))
}

// writable checks that files can be created in a folder, or the folder itself.
func writable(dir string) error {
	for {
		probe, err := os.CreateTemp(dir, ".amazon-capi-*")
		if err == nil {
			_ = probe.Close()
			return os.Remove(probe.Name())
		}
		up := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || up == dir {
			return err
		}
		dir = up
	}
}

// write writes secrets, then the configuration, and reads it back like run. If any of it
// fails, nothing new remains.
func (s *setup) write(t target, r *Result) (err error) {
	text, secrets := s.render(t.folder)
	files := &written{overwrite: s.Overwrite}
	for _, dir := range []string{t.folder, filepath.Dir(t.file)} {
		if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			files.folders = append(files.folders, dir)
		}
	}
	defer func() {
		if err != nil {
			files.undo()
			r.Secrets = r.Secrets[:0]
			err = fmt.Errorf("nothing was written: %w%s", err, done(r))
		}
	}()
	if err := os.MkdirAll(filepath.Dir(t.file), 0o755); err != nil {
		return redact.File(err)
	}
	if len(secrets) > 0 {
		if err := os.MkdirAll(t.folder, 0o700); err != nil {
			return redact.File(err)
		}
	}
	for _, f := range secrets {
		path := filepath.Join(t.folder, f.name)
		if err := keepable(f.content); err != nil {
			return setting.Key(f.name).Wrap(err)
		}
		if err := files.add(path, []byte(f.content+"\n"), 0o600); err != nil {
			return err
		}
		r.Secrets = append(r.Secrets, path)
	}
	if err := files.add(t.file, text, 0o644); err != nil {
		return err
	}
	if err := s.ReadBack(t.file); err != nil {
		return fmt.Errorf("what was written cannot be read back, which is a bug of the program: %w", err)
	}
	files.keep()
	r.File = t.file
	return nil
}

// keepable refuses secrets that would change when read from a file.
func keepable(secret string) error {
	if strings.Contains(secret, "-----BEGIN ") {
		return nil
	}
	if strings.TrimSpace(secret) != secret || strings.ContainsAny(secret, "\r\n") {
		return errors.New("it begins or ends with a blank, or has several lines, which a file of it cannot keep: give it by its file instead")
	}
	return nil
}

// written are files that were written and can be removed again.
type written struct {
	overwrite bool
	paths     []string
	before    []string // where the previous file is kept; empty for none
	folders   []string // that were created for them
}

// add writes a file. An existing one is kept until keep is called, and is an error unless
// it may be overwritten.
func (w *written) add(path string, data []byte, mode fs.FileMode) error {
	kept := ""
	if _, err := os.Lstat(path); err == nil {
		if !w.overwrite {
			return setting.Output.Mistakef("%s exists: want another file, or %s", path, setting.Overwrite)
		}
		var err error
		if kept, err = aside(path); err != nil {
			return redact.File(err)
		}
	}
	w.paths, w.before = append(w.paths, path), append(w.before, kept)
	// Exclusive: it must not write to a file that somebody has just created, or to a link.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return redact.File(err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return redact.File(errors.Join(err, f.Close()))
}

// aside renames a file to an unused name beside it, and returns that.
func aside(path string) (kept string, err error) {
	free, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".before-*")
	if err != nil {
		return "", err
	}
	if err = errors.Join(free.Close(), os.Rename(path, free.Name())); err != nil {
		_ = os.Remove(free.Name())
		return "", err
	}
	return free.Name(), nil
}

func (w *written) undo() {
	for i, path := range w.paths {
		_ = os.Remove(path)
		if w.before[i] != "" {
			_ = os.Rename(w.before[i], path)
		}
	}
	for _, dir := range w.folders {
		_ = os.Remove(dir) // if it is empty
	}
}

// keep deletes the previous files.
func (w *written) keep() {
	for _, kept := range w.before {
		if kept != "" {
			_ = os.Remove(kept)
		}
	}
}
