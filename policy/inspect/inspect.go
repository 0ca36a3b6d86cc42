// Package inspect looks at policy documents for people: where a statement stands in the text, which
// condition keys are asked for, and what is written that can't do what it seems to. It decides
// nothing.
package inspect
