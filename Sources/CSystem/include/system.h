// Calls of glibc that Swift can't import: macros, variadics, functions behind _GNU_SOURCE.
#pragma once
#include <stddef.h>
#include <stdint.h>
