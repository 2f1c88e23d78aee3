/** printf(3), against what glibc prints: the rows are the output of a C program that was given the same formats and values. */
import test from 'ava';
import type { Libc } from '../../index.js';
import { format_printf } from '../../libc/internal/printf.js';
import { answers } from '../facts.js';
import { boot_for } from '../helpers.js';

const prints = test.macro({
  exec(t, format: string, args: readonly unknown[], expected: string) {
    t.is(format_printf(format, args), expected);
  },
  title: (_, format: string, args: readonly unknown[]) =>
    `printf('${format}'${args.map((a) => `, ${Object.is(a, -0) ? '-0' : typeof a === 'bigint' ? `${a}n` : String(a)}`).join('')})`,
});

test(prints, '%d', [0], '0');
test(prints, '%d', [7], '7');
test(prints, '%d', [-42], '-42');
test(prints, '%5d', [0], '    0');
test(prints, '%5d', [7], '    7');
test(prints, '%5d', [-42], '  -42');
test(prints, '%-5d|', [0], '0    |');
test(prints, '%-5d|', [7], '7    |');
test(prints, '%-5d|', [-42], '-42  |');
test(prints, '%05d', [0], '00000');
test(prints, '%05d', [7], '00007');
test(prints, '%05d', [-42], '-0042');
test(prints, '%+d', [0], '+0');
test(prints, '%+d', [7], '+7');
test(prints, '%+d', [-42], '-42');
test(prints, '% d', [0], ' 0');
test(prints, '% d', [7], ' 7');
test(prints, '% d', [-42], '-42');
test(prints, '%.3d', [0], '000');
test(prints, '%.3d', [7], '007');
test(prints, '%.3d', [-42], '-042');
test(prints, '%8.3d', [0], '     000');
test(prints, '%8.3d', [7], '     007');
test(prints, '%8.3d', [-42], '    -042');
test(prints, '%.0d', [0], '');
test(prints, '%.0d', [7], '7');
test(prints, '%.0d', [-42], '-42');
test(prints, '%05.3d', [0], '  000');
test(prints, '%05.3d', [7], '  007');
test(prints, '%05.3d', [-42], ' -042');
test(prints, '%u', [0], '0');
test(prints, '%u', [255], '255');
test(prints, '%u', [-1], '4294967295');
test(prints, '%x', [0], '0');
test(prints, '%x', [255], 'ff');
test(prints, '%x', [-1], 'ffffffff');
test(prints, '%X', [255], 'FF');
test(prints, '%o', [0], '0');
test(prints, '%o', [255], '377');
test(prints, '%o', [-1], '37777777777');
test(prints, '%#x', [0], '0');
test(prints, '%#x', [255], '0xff');
test(prints, '%#x', [-1], '0xffffffff');
test(prints, '%#X', [255], '0XFF');
test(prints, '%#o', [0], '0');
test(prints, '%#o', [255], '0377');
test(prints, '%#o', [-1], '037777777777');
test(prints, '%08x', [0], '00000000');
test(prints, '%08x', [255], '000000ff');
test(prints, '%08x', [-1], 'ffffffff');
test(prints, '%#010x', [0], '0000000000');
test(prints, '%#010x', [255], '0x000000ff');
test(prints, '%#010x', [-1], '0xffffffff');
test(prints, '%.5x', [0], '00000');
test(prints, '%.5x', [255], '000ff');
test(prints, '%.5x', [-1], 'ffffffff');
test(prints, '%#.5x', [0], '00000');
test(prints, '%#.5x', [255], '0x000ff');
test(prints, '%#.5x', [-1], '0xffffffff');
test(prints, '%-8x|', [255], 'ff      |');
test(prints, '%#.0o', [0], '0');
test(prints, '%#.0x', [0], '');
test(prints, '%+.0d', [0], '+');
test(prints, '%hhd', [200], '-56');
test(prints, '%hhd', [-1], '-1');
test(prints, '%hhd', [70000], '112');
test(prints, '%hhu', [200], '200');
test(prints, '%hhu', [-1], '255');
test(prints, '%hhu', [70000], '112');
test(prints, '%hhx', [200], 'c8');
test(prints, '%hhx', [-1], 'ff');
test(prints, '%hhx', [70000], '70');
test(prints, '%hd', [200], '200');
test(prints, '%hd', [-1], '-1');
test(prints, '%hd', [70000], '4464');
test(prints, '%hu', [200], '200');
test(prints, '%hu', [-1], '65535');
test(prints, '%hu', [70000], '4464');
test(prints, '%ld', [-9007199254740991], '-9007199254740991');
test(prints, '%lx', [-1], 'ffffffffffffffff');
test(prints, '%lu', [-1], '18446744073709551615');
test(prints, '%llu', [18446744073709551615n], '18446744073709551615');
test(prints, '%zu', [12], '12');
test(prints, '%jd', [-12], '-12');
test(prints, '%lld', [-9223372036854775808n], '-9223372036854775808');
test(prints, '%c', [65], 'A');
test(prints, '%3c', [65], '  A');
test(prints, '%-3c|', [65], 'A  |');
test(prints, '%03c', [65], '  A');
test(prints, '%s', ['hello'], 'hello');
test(prints, '%8s', ['hello'], '   hello');
test(prints, '%-8s|', ['hello'], 'hello   |');
test(prints, '%.2s', ['hello'], 'he');
test(prints, '%8.2s', ['hello'], '      he');
test(prints, '%.0s', ['hello'], '');
test(prints, '%.s', ['hello'], '');
test(prints, '%s', [null], '(null)');
test(prints, '%8s', [null], '  (null)');
test(prints, '%.6s', [null], '(null)');
test(prints, '%.5s', [null], '');
test(prints, '%p', [0xbeef], '0xbeef');
test(prints, '%p', [null], '(nil)');
test(prints, '%20p', [0xbeef], '              0xbeef');
test(prints, '%20p', [null], '               (nil)');
test(prints, '%-20p|', [0xbeef], '0xbeef              |');
test(prints, '%-20p|', [null], '(nil)               |');
test(prints, '%f', [0], '0.000000');
test(prints, '%f', [-1.5], '-1.500000');
test(prints, '%f', [0.5], '0.500000');
test(prints, '%f', [1e23], '99999999999999991611392.000000');
test(prints, '%f', [9.9999995], '9.999999');
test(
  prints,
  '%f',
  [1.7976931348623157e308],
  '179769313486231570814527423731704356798070567525844996598917476803157260780028538760589558632766878171540458953514382464234321326889464182768467546703537516986049910576551282076245490090389328944075868508455133942304583236903222948165808559332123348274797826204144723168738177180919299881250404026184124858368.000000',
);
test(prints, '%.0f', [1], '1');
test(prints, '%.0f', [0.5], '0');
test(prints, '%.0f', [2.5], '2');
test(prints, '%.0f', [999999.5], '1000000');
test(prints, '%#.0f', [2.5], '2.');
test(prints, '%.2f', [-0], '-0.00');
test(prints, '%.2f', [0.125], '0.12');
test(prints, '%.2f', [3.14159265358979], '3.14');
test(prints, '%10.3f', [-1.5], '    -1.500');
test(prints, '%-10.2f|', [-1.5], '-1.50     |');
test(prints, '%+.1f', [1], '+1.0');
test(prints, '%010.2f', [-1.5], '-000001.50');
test(prints, '%e', [0], '0.000000e+00');
test(prints, '%e', [123456789], '1.234568e+08');
test(prints, '%e', [9.9999995], '9.999999e+00');
test(prints, '%e', [1e-310], '1.000000e-310');
test(prints, '%e', [1.7976931348623157e308], '1.797693e+308');
test(prints, '%.0e', [2.5], '2e+00');
test(prints, '%.0e', [0.125], '1e-01');
test(prints, '%#.0e', [2.5], '2.e+00');
test(prints, '%.3e', [999999.5], '1.000e+06');
test(prints, '%12.2e', [0.00001234], '    1.23e-05');
test(prints, '%g', [0], '0');
test(prints, '%g', [-0], '-0');
test(prints, '%g', [1e23], '1e+23');
test(prints, '%g', [123456789], '1.23457e+08');
test(prints, '%g', [0.0001], '0.0001');
test(prints, '%g', [0.00001234], '1.234e-05');
test(prints, '%g', [100000], '100000');
test(prints, '%g', [999999.5], '1e+06');
test(prints, '%g', [1e6], '1e+06');
test(prints, '%g', [9.9999995], '10');
test(prints, '%#g', [0], '0.00000');
test(prints, '%#g', [1], '1.00000');
test(prints, '%#g', [1e6], '1.00000e+06');
test(prints, '%.0g', [2.5], '2');
test(prints, '%.0g', [123456789], '1e+08');
test(prints, '%.3g', [3.14159265358979], '3.14');
test(prints, '%.3g', [100000], '1e+05');
test(prints, '%.10g', [3.14159265358979], '3.141592654');
test(prints, '%G', [0.00001234], '1.234E-05');
test(prints, '%E', [1e21], '1.000000E+21');
test(prints, '%F', [1], '1.000000');
test(prints, '% g', [1], ' 1');
test(prints, '%.20f', [0.125], '0.12500000000000000000');
test(prints, '%.20f', [1e-310], '0.00000000000000000000');
test(
  prints,
  '%.110f',
  [0.1],
  '0.10000000000000000555111512312578270211815834045410156250000000000000000000000000000000000000000000000000000000',
);
test(prints, '%.20e', [1e23], '9.99999999999999916114e+22');
test(prints, '%f', [Infinity], 'inf');
test(prints, '%f', [-Infinity], '-inf');
test(prints, '%f', [NaN], 'nan');
test(prints, '%g', [Infinity], 'inf');
test(prints, '%g', [-Infinity], '-inf');
test(prints, '%g', [NaN], 'nan');
test(prints, '%E', [Infinity], 'INF');
test(prints, '%E', [-Infinity], '-INF');
test(prints, '%E', [NaN], 'NAN');
test(prints, '%08f', [Infinity], '     inf');
test(prints, '%08f', [-Infinity], '    -inf');
test(prints, '%08f', [NaN], '     nan');
test(prints, '%+f', [Infinity], '+inf');
test(prints, '%+f', [-Infinity], '-inf');
test(prints, '%+f', [NaN], '+nan');
test(prints, '%-6F|', [Infinity], 'INF   |');
test(prints, '%-6F|', [-Infinity], '-INF  |');
test(prints, '%-6F|', [NaN], 'NAN   |');
test(prints, '%*d', [5, 42], '   42');
test(prints, '%-*d|', [5, 42], '42   |');
test(prints, '%*d|', [-5, 42], '42   |');
test(prints, '%.*d', [4, 42], '0042');
test(prints, '%.*d', [-4, 42], '42');
test(prints, '%.*s', [2, 'hello'], 'he');
test(prints, '%.*s', [-2, 'hello'], 'hello');
test(prints, '%*.*f', [8, 2, 3.14159], '    3.14');
test(prints, '%%', [], '%');
test(prints, '100%%|', [], '100%|');
test(prints, '%d of %d, %s', [1, 2, 'x'], '1 of 2, x');
test(prints, 'no conversion', [], 'no conversion');

// What C has no type for, or leaves undefined.
test(prints, '%d', [3_000_000_000], '3000000000');
test(prints, '%x', [2 ** 40], '10000000000');
test(prints, '%x', [-(2 ** 40)], 'ffffff0000000000');
test(prints, '%d', [1.9], '1');
test(prints, '%d', [123_456_789_012_345_678_901n], '123456789012345678901');
test(prints, '%s', [12], '12');
test(prints, '%s', [true], 'true');
test(prints, '%s', [undefined], '(null)');
test(prints, '%c', ['xyz'], 'x');
test(prints, '%k %', [1], '%k %');
test(prints, 'no more', [1, 2], 'no more');

// What C's compiler refuses.
const refuses = test.macro({
  exec(t, format: string, args: readonly unknown[], message: string) {
    t.throws(() => format_printf(format, args), { instanceOf: TypeError, message });
  },
  title: (_, format: string, args: readonly unknown[]) => `${format} refuses ${String(args)}`,
});
test(refuses, '%d', [NaN], "'%d' wants a whole number: argument 1 is NaN");
test(refuses, '%d', [Infinity], "'%d' wants a whole number: argument 1 is the number Infinity");
test(refuses, '%s %5d', ['x', 'a'], "'%5d' wants a whole number: argument 2 is the text 'a'");
test(refuses, '%d|%x', [1], "'%x' wants a value, and there is no argument 2");
test(refuses, '%*d', ['w', 1], "'%*d' wants a whole number: argument 1 is the text 'w'");
test(refuses, '%.1f', ['2.5'], "'%.1f' wants a number: argument 1 is the text '2.5'");
test(refuses, '%s', [], "'%s' wants text, and there is no argument 1");
test(refuses, '%p', [{}], "'%p' wants a whole number: argument 1 is an object (Object)");

const writes = test.macro({
  async exec(t, call: (libc: Libc) => Promise<unknown>, output: string, ret: unknown) {
    const kernel = boot_for(t);
    let got: unknown;
    await kernel.run(async (libc) => {
      got = await call(libc);
    });
    t.is(kernel.output(), output);
    t.is(got, ret);
  },
  title: (title, _, output: string) => title ?? JSON.stringify(output),
});

test('printf counts bytes', writes, async (libc) => libc.printf('%s-%d\n', 'ä€', 5), 'ä€-5\n', 8);
test('puts', writes, async (libc) => libc.puts('hello'), 'hello\n', 6);
test('puts of nothing', writes, async (libc) => libc.puts(''), '\n', 1);
test('printf of nothing', writes, async (libc) => libc.printf(''), '', 0);
test('dprintf', writes, async (libc) => libc.dprintf(2, '%o', 8), '10', 2);
test(
  'a long text arrives whole',
  writes,
  async (libc) => libc.puts('x'.repeat(200_000)),
  `${'x'.repeat(200_000)}\n`,
  200_001,
);
test('a byte order mark is text', writes, async (libc) => libc.puts('\ufeffx'), '\ufeffx\n', 5);
test(
  'order',
  writes,
  async (libc) => {
    for (const s of ['a', 'b', 'c']) await libc.printf(s);
  },
  'abc',
  undefined,
);

test('to a closed descriptor', answers, async (libc, ok) => ok.close(1).then(async () => libc.puts('x')), 'EBADF');
test('dprintf to no descriptor', answers, async (libc) => libc.dprintf(99, 'x'), 'EBADF');

const perror = test.macro({
  async exec(t, errno: number, prefix: string | null | undefined, output: string) {
    const kernel = boot_for(t);
    await kernel.run(async (libc) => {
      libc.errno = errno;
      await libc.perror(prefix);
      t.is(libc.errno, errno);
    });
    t.is(kernel.output(), output);
  },
  title: (_, errno: number, prefix: unknown) => `perror(${String(prefix)}) with errno ${errno}`,
});

test(perror, 2, 'open', 'open: No such file or directory\n');
test(perror, 0, 'x', 'x: Success\n');
test(perror, 9, '', 'Bad file descriptor\n');
test(perror, 9, null, 'Bad file descriptor\n');
test(perror, 9, undefined, 'Bad file descriptor\n');
test(perror, 4000, 'x', 'x: Unknown error 4000\n');
test(
  'perror that cannot write keeps errno',
  answers,
  async (libc, ok) => {
    await ok.close(2);
    libc.errno = 5;
    await libc.perror('x');
    return libc.errno;
  },
  5,
);
