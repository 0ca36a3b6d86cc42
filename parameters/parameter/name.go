package parameter

import (
	"regexp"
	"strconv"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/ssmfault"
)

const (
	mostLevels = 15
	mostOfARN  = 1011 // characters that a parameter's ARN has at most
)

const arnPrefix = "arn:"

// valid is a name that is a path from its first slash on, or one without any.
var valid = regexp.MustCompile(`^(/[a-zA-Z0-9_.-]+)+$|^[a-zA-Z0-9_.-]+$`)

// Asked is what a caller calls a parameter, read but not yet looked up.
type Asked struct {
	Ref
	Text     string   // as the caller wrote it
	Given    string   // the name as the caller wrote it, its selector left out; empty in an ARN
	Selector Selector // or nothing
	Secret   string   // the name of the secret that the name stands for, or nothing
}

// Selector names one version by its number or by a label. The zero value is the newest version.
type Selector struct {
	Version int64
	Label   string
}

// Shown is the selector as answers show it: with its colon, or nothing.
func (s Selector) Shown() string {
	switch {
	case s.Label != "":
		return ":" + s.Label
	case s.Version != 0:
		return ":" + strconv.FormatInt(s.Version, 10)
	}
	return ""
}

// ReadNew reads the name of a parameter that is made or gets a version: without a selector and
// without an ARN around it, and such as a new one may have.
func ReadNew(c *op.Call, text string) (Asked, error) {
	name := strings.TrimSpace(text)
	switch {
	case strings.HasSuffix(name, "/"):
		return Asked{}, ssmfault.SlashAtEnd
	case strings.Contains(name, "/") && !strings.HasPrefix(name, "/"):
		return Asked{}, ssmfault.NotQualified
	}
	a, err := readName(c, text)
	if err != nil {
		return a, err
	}
	return a, a.checkNew()
}

func readName(c *op.Call, text string) (Asked, error) {
	name := strings.TrimSpace(text)
	if !valid.MatchString(name) {
		return Asked{}, ssmfault.BadName
	}
	account, region := c.Namespace()
	return Asked{Ref: Ref{Account: account, Region: region, Name: Canonical(name)}, Text: text,
		Given: name}, nil
}

// ReadName reads the name of a parameter that is to be there, by those who change it. An ARN is no
// name, and what has a selector behind it is the name of none.
func ReadName(c *op.Call, text string) (Asked, error) {
	if strings.HasPrefix(strings.TrimSpace(text), arnPrefix) {
		return Asked{Text: text}, ssmfault.BadName
	}
	name, _, selected := strings.Cut(text, ":")
	a, err := readName(c, name)
	a.Text = text
	if err == nil && selected {
		err = ssmfault.NoParameter(text)
	}
	return a, err
}

// Read reads a name as those give it who read a parameter: with a selector behind it or without, as
// a name or as an ARN.
func Read(c *op.Call, text string) (a Asked, err error) {
	trimmed := strings.TrimSpace(text)
	if strings.HasPrefix(trimmed, arnPrefix) {
		return readARN(text, trimmed)
	}
	name, selector, selected := strings.Cut(trimmed, ":")
	if secret, ok := strings.CutPrefix(name, secretPath); ok {
		return readReference(c, text, secret, selector, selected)
	}
	if a, err = readName(c, name); err != nil {
		return a, err
	}
	a.Text, a.Account = text, owner(c, a.Name)
	return a.selected(selector, selected)
}

// ReadOne reads a name or an ARN that has no selector behind it.
func ReadOne(c *op.Call, text string) (Asked, error) {
	a, err := Read(c, text)
	if err == nil && a.Selector != (Selector{}) {
		err = ssmfault.NoParameter(text)
	}
	return a, err
}

func readARN(text, trimmed string) (a Asked, err error) {
	arn, ok := domain.ParseARN(trimmed)
	if !ok || arn.Service != Service {
		return a, ssmfault.BadName
	}
	of, selector, selected := strings.Cut(arn.Resource, ":")
	name, ok := strings.CutPrefix(of, resource)
	if !ok || !strings.HasPrefix(name, "/") || !valid.MatchString(name) {
		return a, ssmfault.BadName
	}
	a = Asked{Ref: Ref{Account: arn.Account, Region: arn.Region, Name: name}, Text: text}
	return a.selected(selector, selected)
}

// selected reads a selector. Digits alone are a version's number: no label begins with one.
func (a Asked) selected(text string, there bool) (Asked, error) {
	if !there {
		return a, nil
	}
	if text == "" || strings.Contains(text, ":") {
		return a, ssmfault.NoParameter(a.Text)
	}
	if text[0] < '0' || text[0] > '9' {
		a.Selector.Label = text
		return a, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return a, ssmfault.NoVersion(text, a.Shown())
	}
	a.Selector.Version = n
	return a, nil
}

// Shown is what an answer calls the parameter, as far as the request tells.
func (a Asked) Shown() string {
	if a.Given != "" {
		return a.Given
	}
	return a.Name
}

// Canonical is the name with a slash before it.
func Canonical(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return "/" + name
}

// checkNew holds the name of a parameter that is to be made to the rules that others have fulfilled
// before: what it may begin with, how many levels and how many characters it has.
func (a Asked) checkNew() error {
	first, _, path := strings.Cut(strings.ToLower(a.Name[1:]), "/")
	switch {
	case first == "aws" && path:
		return ssmfault.Reserved(a.Shown())
	case strings.HasPrefix(first, "ssm") && path:
		return ssmfault.BadName
	case strings.HasPrefix(first, "aws"), strings.HasPrefix(first, "ssm"):
		return ssmfault.ReservedPrefix
	case strings.Count(a.Name, "/") > mostLevels:
		return ssmfault.TooDeep
	case len(a.ARN()) > mostOfARN:
		return ssmfault.LongName
	}
	return nil
}

// Parent is the path that a parameter is directly below: / for one at the top.
func Parent(name string) string {
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		return name[:i]
	}
	return "/"
}

// Ancestors are all paths that a parameter is below, the nearest first. The last one is /.
func Ancestors(name string) (paths []string) {
	for path := Parent(name); path != "/"; path = Parent(path) {
		paths = append(paths, path)
	}
	return append(paths, "/")
}

// Path is a place in the hierarchy that parameters are below.
type Path struct {
	Account, Region string
	Path            string // without a slash at its end but for the root, /
	ARN             string // as policies match it: with the slash at the end, if it was asked so
	AlsoARN         string // the other way; empty for the root
}

var validPath = regexp.MustCompile(`^(/[a-zA-Z0-9_.-]+)+/?$|^/$`)

// ReadPath reads the path of GetParametersByPath.
func ReadPath(c *op.Call, text string) (p Path, err error) {
	path := strings.TrimSpace(text)
	if !validPath.MatchString(path) {
		return p, ssmfault.BadPath
	}
	p.Account, p.Region = owner(c, path), c.Region
	p.Path = path
	p.ARN = p.arn(path)
	if path == "/" {
		return p, nil
	}
	p.Path = strings.TrimSuffix(path, "/")
	p.AlsoARN = p.arn(p.Path)
	if p.Path == path {
		p.AlsoARN = p.arn(path + "/")
	}
	return p, nil
}

func (p Path) arn(path string) string {
	return Ref{Account: p.Account, Region: p.Region, Name: path}.ARN()
}
