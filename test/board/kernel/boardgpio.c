// SPDX-License-Identifier: GPL-2.0
/*
 * boardgpio: the phone's GPIO chip for the virtual board (test only).
 *
 * 32 lines. Lines can be joined by switches, so a keypad matrix behaves as a
 * real one: a row reads what its column drives while the key is held, two
 * keys in one row short two columns, three keys ghost a fourth.
 *
 * The test's side: write commands, one a line, to
 * /sys/devices/platform/boardgpio/command
 *   on A B       close the switch between lines A and B
 *   off A B      open it
 *   drive N 0|1|z  something outside drives line N, or lets go
 *   pull N 0|1   the pull resistor of line N (all start pulled up)
 *   sleep US     wait, so that bounce can be scripted in one write
 *   clear        open all switches, release all drives, zero the counters
 * and read state: levels, directions, outputs, counters.
 */
#include <linux/delay.h>
#include <linux/gpio/driver.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#define N 32

struct bg {
	struct gpio_chip gc;
	struct irq_work work;
	raw_spinlock_t lock;
	u32 out, val;		/* is an output; the value it drives */
	u32 ext, extval;	/* driven from outside */
	u32 pull, level;
	u32 sw[N];		/* closed switches of each line */
	u32 irq_on, rise, fall;
	unsigned long pending;
	unsigned int shorts;	/* a net driven both ways: real drivers would fight */
	unsigned int reads, writes, irqs;
};

static struct bg *the;
static struct platform_device *pdev;

static void settle(struct bg *b)
{
	u32 todo = ~0u, level = 0, changed, hit;
	int i;

	while (todo) {
		u32 net = BIT(__ffs(todo)), grown = net, hi, lo;

		do {
			net = grown;
			for (i = 0; i < N; i++)
				if (net & BIT(i))
					grown |= b->sw[i];
		} while (grown != net);
		todo &= ~net;
		hi = net & ((b->out & b->val) | (b->ext & b->extval));
		lo = net & ((b->out & ~b->val) | (b->ext & ~b->extval));
		if (hi && lo)
			b->shorts++;
		/* low wins, as with open drains and with a weak high side */
		if (!lo && (hi || (b->pull & net) == net))
			level |= net;
	}
	changed = level ^ b->level;
	b->level = level;
	hit = changed & b->irq_on & ((level & b->rise) | (~level & b->fall));
	if (hit) {
		b->pending |= hit;
		irq_work_queue(&b->work);
	}
}

static void fire(struct irq_work *w)
{
	struct bg *b = container_of(w, struct bg, work);
	unsigned long flags, p;
	int i;

	raw_spin_lock_irqsave(&b->lock, flags);
	p = b->pending;
	b->pending = 0;
	raw_spin_unlock_irqrestore(&b->lock, flags);
	for_each_set_bit(i, &p, N) {
		b->irqs++;
		generic_handle_domain_irq(b->gc.irq.domain, i);
	}
}

#define LOCKED(b, code) do { unsigned long f; \
	raw_spin_lock_irqsave(&(b)->lock, f); code; \
	raw_spin_unlock_irqrestore(&(b)->lock, f); } while (0)

static int bg_dir(struct gpio_chip *gc, unsigned int n)
{
	struct bg *b = gpiochip_get_data(gc);

	return b->out & BIT(n) ? GPIO_LINE_DIRECTION_OUT : GPIO_LINE_DIRECTION_IN;
}

static int bg_in(struct gpio_chip *gc, unsigned int n)
{
	struct bg *b = gpiochip_get_data(gc);

	LOCKED(b, b->out &= ~BIT(n); settle(b));
	return 0;
}

static int bg_get(struct gpio_chip *gc, unsigned int n)
{
	struct bg *b = gpiochip_get_data(gc);

	b->reads++;
	return !!(READ_ONCE(b->level) & BIT(n));
}

static void bg_set(struct gpio_chip *gc, unsigned int n, int v)
{
	struct bg *b = gpiochip_get_data(gc);

	b->writes++;
	LOCKED(b, b->val = v ? b->val | BIT(n) : b->val & ~BIT(n); settle(b));
}

static int bg_out(struct gpio_chip *gc, unsigned int n, int v)
{
	struct bg *b = gpiochip_get_data(gc);

	LOCKED(b, b->val = v ? b->val | BIT(n) : b->val & ~BIT(n);
	       b->out |= BIT(n); settle(b));
	return 0;
}

static void bg_free(struct gpio_chip *gc, unsigned int n)
{
	bg_in(gc, n);
}

static void bg_mask(struct irq_data *d)
{
	struct gpio_chip *gc = irq_data_get_irq_chip_data(d);
	struct bg *b = gpiochip_get_data(gc);

	LOCKED(b, b->irq_on &= ~BIT(irqd_to_hwirq(d)));
	gpiochip_disable_irq(gc, irqd_to_hwirq(d));
}

static void bg_unmask(struct irq_data *d)
{
	struct gpio_chip *gc = irq_data_get_irq_chip_data(d);
	struct bg *b = gpiochip_get_data(gc);

	gpiochip_enable_irq(gc, irqd_to_hwirq(d));
	LOCKED(b, b->irq_on |= BIT(irqd_to_hwirq(d)));
}

static int bg_type(struct irq_data *d, unsigned int type)
{
	struct bg *b = gpiochip_get_data(irq_data_get_irq_chip_data(d));
	u32 m = BIT(irqd_to_hwirq(d));

	if (type & ~IRQ_TYPE_EDGE_BOTH)
		return -EINVAL;
	LOCKED(b, b->rise = type & IRQ_TYPE_EDGE_RISING ? b->rise | m : b->rise & ~m;
	       b->fall = type & IRQ_TYPE_EDGE_FALLING ? b->fall | m : b->fall & ~m);
	return 0;
}

static const struct irq_chip bg_irq = {
	.name = "boardgpio",
	.irq_mask = bg_mask,
	.irq_unmask = bg_unmask,
	.irq_set_type = bg_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

static int one(struct bg *b, char *s)
{
	unsigned int x, y;
	char c;

	if (!*s)
		return 0;
	if (sscanf(s, "on %u %u", &x, &y) == 2 && x < N && y < N) {
		LOCKED(b, b->sw[x] |= BIT(y); b->sw[y] |= BIT(x); settle(b));
	} else if (sscanf(s, "off %u %u", &x, &y) == 2 && x < N && y < N) {
		LOCKED(b, b->sw[x] &= ~BIT(y); b->sw[y] &= ~BIT(x); settle(b));
	} else if (sscanf(s, "drive %u %c", &x, &c) == 2 && x < N) {
		LOCKED(b, b->ext = c == 'z' ? b->ext & ~BIT(x) : b->ext | BIT(x);
		       b->extval = c == '1' ? b->extval | BIT(x) : b->extval & ~BIT(x);
		       settle(b));
	} else if (sscanf(s, "pull %u %u", &x, &y) == 2 && x < N) {
		LOCKED(b, b->pull = y ? b->pull | BIT(x) : b->pull & ~BIT(x); settle(b));
	} else if (sscanf(s, "sleep %u", &x) == 1 && x <= 5000000) {
		usleep_range(x, x + 50);
	} else if (!strcmp(s, "clear")) {
		LOCKED(b, memset(b->sw, 0, sizeof(b->sw)); b->ext = 0; b->pull = ~0u;
		       settle(b); b->shorts = b->reads = b->writes = b->irqs = 0);
	} else {
		return -EINVAL;
	}
	return 0;
}

static ssize_t command_store(struct device *d, struct device_attribute *a,
			 const char *buf, size_t n)
{
	char *copy = kmemdup_nul(buf, n, GFP_KERNEL), *p = copy, *s;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	while (!err && (s = strsep(&p, "\n")))
		err = one(the, strim(s));
	kfree(copy);
	return err ? err : n;
}
static DEVICE_ATTR_WO(command);

static ssize_t state_show(struct device *d, struct device_attribute *a, char *buf)
{
	struct bg *b = the;

	return sysfs_emit(buf, "level %08x\nout %08x\nval %08x\nirq %08x\nshorts %u\nreads %u\nwrites %u\nirqs %u\n",
		b->level, b->out, b->val, b->irq_on, b->shorts,
		b->reads, b->writes, b->irqs);
}
static DEVICE_ATTR_RO(state);

static struct attribute *bg_attrs[] = { &dev_attr_command.attr, &dev_attr_state.attr, NULL };
ATTRIBUTE_GROUPS(bg);

static int bg_probe(struct platform_device *p)
{
	struct bg *b = devm_kzalloc(&p->dev, sizeof(*b), GFP_KERNEL);
	struct gpio_irq_chip *g;

	if (!b)
		return -ENOMEM;
	the = b;
	raw_spin_lock_init(&b->lock);
	init_irq_work(&b->work, fire);
	b->pull = ~0u;
	b->level = ~0u;
	b->gc.label = "boardgpio";
	b->gc.parent = &p->dev;
	b->gc.owner = THIS_MODULE;
	b->gc.base = -1;
	b->gc.ngpio = N;
	b->gc.get_direction = bg_dir;
	b->gc.direction_input = bg_in;
	b->gc.direction_output = bg_out;
	b->gc.get = bg_get;
	b->gc.set = bg_set;
	b->gc.free = bg_free;
	g = &b->gc.irq;
	gpio_irq_chip_set_chip(g, &bg_irq);
	g->handler = handle_simple_irq;
	g->default_type = IRQ_TYPE_NONE;
	return devm_gpiochip_add_data(&p->dev, &b->gc, b);
}

static struct platform_driver drv = {
	.probe = bg_probe,
	.driver = { .name = "boardgpio", .dev_groups = bg_groups },
};

static int __init bg_init(void)
{
	int err = platform_driver_register(&drv);

	if (err)
		return err;
	pdev = platform_device_register_simple("boardgpio", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(pdev)) {
		platform_driver_unregister(&drv);
		return PTR_ERR(pdev);
	}
	return 0;
}

static void __exit bg_exit(void)
{
	platform_device_unregister(pdev);
	platform_driver_unregister(&drv);
}
module_init(bg_init);
module_exit(bg_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("GPIO chip with switches, for the virtual board");
