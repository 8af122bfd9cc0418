# Enter Landlock and go on as another program:  WALL RIGHTS:PATH... -- COMMAND...
#
# WALL and RIGHTS are numbers that landlock.py has made of linux/landlock.h; this only hands them to
# the kernel, whose three calls have the same numbers on x86-64, ARM, RISC-V, POWER and s390 (not on
# Alpha and MIPS): 444 creates, 445 adds a rule, 446 restricts. No module is used: to load one takes
# longer than all the rest.

sub fail { die "no Landlock: $_[0]: $!\n" }

my $wall = pack "Q*", split /,/, shift;
my $rules = syscall 444, $wall, length $wall, 0;
$rules >= 0 or fail "create";
while ((my $word = shift) ne "--") {
    my ($rights, $path) = split /:/, $word, 2;
    sysopen my $file, $path, 0x280000 or fail $path;    # O_PATH | O_CLOEXEC
    my $rule = pack "Ql", $rights, fileno $file;
    syscall(445, $rules, 1, $rule, 0) == 0 or fail $path;    # 1: what is below a path
}
syscall(446, $rules, 0) == 0 or fail "enter";
exec { $ARGV[0] } @ARGV or fail $ARGV[0];
