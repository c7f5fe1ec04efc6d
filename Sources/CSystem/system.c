#define _GNU_SOURCE
#include "system.h"
