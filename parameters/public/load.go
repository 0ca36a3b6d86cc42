package public

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Tree is where a tree of public parameters hangs, and what it is read from.
type Tree struct {
	Path string // as CheckPath takes it
	File string // in YAML
}

// mostInFile are the bytes of a file: about 50,000 parameters. A site with more has several files.
const mostInFile = 4 << 20

// CheckPath says what is wrong with a path that a tree is to hang at, if anything.
func CheckPath(path string) error {
	below, ok := strings.CutPrefix(path, Root+"/")
	switch {
	case !ok:
		return fmt.Errorf("%q is not below %s, where no account can write: elsewhere a tree would "+
			"hide what accounts store", path, Root)
	case path == List || strings.HasPrefix(path, List+"/"):
		return fmt.Errorf("%s lists the trees that there are, and can't be one itself", List)
	}
	for segment := range strings.SplitSeq(below, "/") {
		if !segmentForm.MatchString(segment) {
			return fmt.Errorf("%q is no path: between slashes it has %s, and none at its end", path,
				segmentRule)
		}
	}
	return checkName(path)
}

// found is a parameter, and where it stands.
type found struct {
	Parameter
	file string
	line int
}

func (f found) place() string { return fmt.Sprintf("%s:%d", f.file, f.line) }

// Load reads the trees of a site. Trees may lie within each other, as long as no name is there
// twice. Errors say file, line and cause.
func Load(trees ...Tree) (*Trees, error) {
	var all []found
	for _, tree := range trees {
		if err := CheckPath(tree.Path); err != nil {
			return nil, err
		}
		text, modified, err := read(tree.File)
		if err != nil {
			return nil, err
		}
		some, err := parse(tree, text, modified)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return join(append(all, listed(all)...))
}

// read returns what a file holds, and when that was changed.
func read(path string) (text []byte, modified time.Time, err error) {
	// What is no file may have nobody who writes to it, and is not waited for.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, err
	}
	if !info.Mode().IsRegular() {
		return nil, time.Time{}, fmt.Errorf("%s is no file", path)
	}
	if text, err = io.ReadAll(io.LimitReader(f, mostInFile+1)); err != nil {
		return nil, time.Time{}, err
	}
	if len(text) > mostInFile {
		return nil, time.Time{}, fmt.Errorf("%s has more than %d bytes: make several files of it", path,
			mostInFile)
	}
	return text, info.ModTime().UTC().Truncate(time.Millisecond), nil
}

// listed returns AWS's list of its public trees, as a site's are: for each name that is right below
// [Root] a parameter with its path.
func listed(all []found) []found {
	newest := map[string]found{}
	for _, f := range all {
		name, _, isTree := strings.Cut(strings.TrimPrefix(f.Name, Root+"/"), "/")
		if isTree && !f.Modified.Before(newest[name].Modified) {
			newest[name] = f
		}
	}
	var list []found
	for name, f := range newest {
		f.Parameter = Parameter{Name: List + "/" + name, Type: String, Value: Root + "/" + name + "/",
			Modified: f.Modified}
		list = append(list, f)
	}
	return list
}

// join puts the parameters in order.
func join(all []found) (*Trees, error) {
	slices.SortStableFunc(all, func(x, y found) int { return cmp.Compare(x.Name, y.Name) })
	t := &Trees{all: make([]Parameter, len(all))}
	for i, f := range all {
		if i > 0 && all[i-1].Name == f.Name {
			return nil, fmt.Errorf("%s: %s is there twice, also in %s", f.place(), f.Name,
				all[i-1].place())
		}
		t.all[i] = f.Parameter
	}
	return t, nil
}

// checkName says what is wrong with a whole name of segments that are right.
func checkName(name string) error {
	switch levels := strings.Count(name, "/"); {
	case levels > mostLevels:
		return fmt.Errorf("a hierarchy has %d levels at most, and this is one of %d", mostLevels, levels)
	case len(name) > longestName:
		return errors.New("this name is longer than " + fmt.Sprint(longestName) + " characters")
	}
	return nil
}
