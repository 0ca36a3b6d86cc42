package trail

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// headerSize is the size of what a database of SQLite begins with (section 1.3 of its file format).
const headerSize = 100

// checkDatabase says of a file that was named as the database what SQLite, which opens what it can,
// would say in words of its own. It must not have the database open itself. What is well, absent or
// unreadable is left to whoever opens it.
func checkDatabase(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file, and so no database", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(file, header); err != nil ||
		string(header[:16]) != "SQLite format 3\x00" {
		return fmt.Errorf("%s is no database of Claviger's", path)
	}
	_, err = os.Stat(path + "-wal")
	if pages := binary.BigEndian.Uint32(header[28:]); pages <= 1 && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no tables. If it is a copy, what was beside the database belongs to it, "+
			"%[1]s-wal: `claviger backup` makes one that is whole", path)
	}
	return nil
}
