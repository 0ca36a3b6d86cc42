import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Says what Java makes of patterns. A line of standard input is a pattern and values, each an x and
 * its UTF-8 in hexadecimal; the answer is E and a sentence, or M and a 1 or a 0 for each value,
 * a ? where a match fails in Java itself.
 */
public class Java {
    static String text(String hex) {
        return new String(HexFormat.of().parseHex(hex.substring(1)), StandardCharsets.UTF_8);
    }

    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line; (line = in.readLine()) != null; ) {
            String[] fields = line.split(" ");
            Pattern pattern;
            try {
                pattern = Pattern.compile(text(fields[0]));
            } catch (PatternSyntaxException e) {
                out.println("E " + e.getDescription().replaceAll("\\R", " "));
                continue;
            }
            var answer = new StringBuilder("M");
            for (int i = 1; i < fields.length; i++) {
                try {
                    answer.append(pattern.matcher(text(fields[i])).matches() ? '1' : '0');
                } catch (RuntimeException e) {
                    answer.append('?');
                }
            }
            out.println(answer);
        }
        out.flush();
    }
}
