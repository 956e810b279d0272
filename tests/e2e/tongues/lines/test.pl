use strict;
use warnings;
open(my $file, '<', "$ENV{PREFIX}/share/lines.txt") or die "no file: $!";
die "it says otherwise" unless <$file> =~ /"quoted"/;
die "no perl of the build prefix" unless $ENV{PATH} =~ /^\Q$ENV{BUILD_PREFIX}\E/;
