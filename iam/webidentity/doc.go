// Package webidentity is completed elsewhere.
package webidentity
