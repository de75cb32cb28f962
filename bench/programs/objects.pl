# SPDX-License-Identifier: MIT
#
# Hashes, arrays and strings that come and go. Argument: how many.

use strict;
use warnings;

my $count = shift;
my $state = 1;

sub random_below {
    $state = ($state * 1103515245 + 12345) % 2147483648;
    return int($state / 65536) % shift;
}

for my $turn (1 .. 4) {
    my (%by_word, %orders);
    for my $i (1 .. $count) {
        my $word = join '', map { chr(97 + random_below(26)) } 1 .. 1 + random_below(4);
        push @{$by_word{$word}}, { number => $i, text => $word x (1 + random_below(20)) };
        my $order = random_below($count);
        if (exists $orders{$order}) { delete $orders{$order} }
        else { $orders{$order} = [map { "item $_ of $order" } 1 .. 1 + random_below(6)] }
    }
    my $length = 0;
    for my $word (sort keys %by_word) {
        my $text = join ', ', map { "$_->{number}: $_->{text}" } @{$by_word{$word}};
        $text =~ s/(\d+): (\w)/$2$1/g;
        $length += length($text) + grep { length > 6 } split /, /, $text;
    }
    print "$turn: ", scalar(keys %by_word), " words, ", scalar(keys %orders), " orders, $length\n";
}
