#include "tools/agent/drop.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Only root may empty the bounding set; without a capability and with no new ones it is idle. */
static int drop_capabilities(struct err *err)
{
	capng_clear(CAPNG_SELECT_ALL);
	int result = capng_apply(CAPNG_SELECT_CAPS);
	if (!result)
		result = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (!result)
		return 0;
	return err_set(err, ERR_RUNTIME, "capabilities cannot be given up: %s", strerror(errno));
}

static int become(const char *user, struct err *err)
{
	const struct passwd *p = getpwnam(user);
	if (!p || p->pw_uid == 0) {
		err_set(err, ERR_USAGE, "--user: '%s' is %s", user, p ? "root" : "no user here");
		return err_hint(err, "an ordinary one, such as nobody");
	}
	capng_clear(CAPNG_SELECT_ALL);
	int result =
		capng_change_id((int)p->pw_uid, (int)p->pw_gid,
				CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
	if (result)
		return err_set(err, ERR_RUNTIME, "privileges cannot be given up: step %d: %s",
			       result, strerror(errno));
	return 0;
}

int drop_privileges(const char *user, struct err *err)
{
	if (geteuid() == 0 ? become(user, err) : drop_capabilities(err))
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_set(err, ERR_RUNTIME, "PR_SET_NO_NEW_PRIVS: %s", strerror(errno));
	return 0;
}
