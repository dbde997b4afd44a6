// Package redact takes out of text what could name a person or open an account.
//
// Three kinds of text leave the process. What a stranger says (Amazon, a proxy, a
// registry, a broker, the author of a schema) passes through Message or Text, an
// error of a library through Error, as soon as it comes: everything in it that
// could be an identifier or a secret is masked, however it is spelled. A sentence
// of our own that has such parts in it is not masked again, or it would lose its
// numbers; Own looks only for what no sentence of ours has. And whatever is
// written to the log goes through Writer, which knows this process's secrets.
package redact
