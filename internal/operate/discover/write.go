package discover

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Write puts the file in its place, whole or not at all. It is read again before: one that
// the program could not be started with is not written, nor one that somebody else has
// changed meanwhile.
func (f *File) Write(path string, base accounts.Base, env accounts.Environment) (changed bool, err error) {
	data, changed, err := f.Bytes()
	if err != nil || !changed {
		return false, err
	}
	if _, err := accounts.Load(path, data, base, env); err != nil {
		return false, errors.Join(errors.New("nothing was written, since the accounts file would not be taken"), err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return false, redact.File(err)
	}
	if now, err := os.ReadFile(path); err != nil {
		return false, redact.File(err)
	} else if !bytes.Equal(now, f.was) {
		return false, errors.New("nothing was written: the accounts file was changed meanwhile")
	}
	return true, replace(path, data)
}

// replace replaces a file, with its permissions.
func replace(path string, data []byte) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return redact.File(err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return redact.File(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
			err = redact.File(err)
		}
	}()
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(info.Mode().Perm()), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
