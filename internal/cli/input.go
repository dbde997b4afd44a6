package cli

import (
	"io"
	"os"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// maxInput bounds what is read of a file: far more than any broker accepts.
const maxInput = 64 << 20

// ReadInput reads the file that a flag names, or standard input for "-".
func ReadInput(p *Process, flag, name string) ([]byte, error) {
	r := p.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, Usagef("--%s: %w", flag, redact.File(err))
		}
		defer file.Close()
		r = file
	}
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, Usagef("--%s: %w", flag, err)
	}
	if len(data) > maxInput {
		return nil, Usagef("--%s: %s has more than %d MiB", flag, name, maxInput>>20)
	}
	return data, nil
}
