use strict;
use warnings;

my $prefix = $ENV{PREFIX};
mkdir "$prefix/share";
mkdir "$prefix/lib/perl5/own";
open(my $text, '>', "$prefix/share/by-perl.txt") or die $!;
print $text "in perl\n";
open(my $module, '>', "$prefix/lib/perl5/own/Tongue.pm") or die $!;
print $module "package Tongue;\n1;\n";
