/* SPDX-License-Identifier: MIT */
/* What Python uses of sim/sim.h; the compiler checks it against the real thing. */

struct vc_sim;

#define VC_SIM_MANUAL_CLOCK ...
#define VC_SIM_MULTIPLANAR ...
#define VC_SIM_REFUSE_INACTIVE ...
#define VC_SIM_END_OF_FRAME ...
#define VC_SIM_NO_ORPHANS ...

struct vc_sim_config {
	const char *driver;
	const char *card;
	const char *bus_info;
	uint32_t version;
	uint32_t capabilities;
	uint32_t device_caps;
	uint32_t quirks;
};

struct vc_sim_format {
	uint32_t pixelformat;
	uint32_t stride_align;
	uint32_t sizeimage;
	uint32_t colorspace;
	uint32_t ycbcr_enc;
	uint32_t quantization;
	uint32_t xfer_func;
};

struct vc_sim_control {
	uint32_t id;
	uint32_t type;
	int64_t minimum;
	int64_t maximum;
	uint64_t step;
	int64_t default_value;
	int64_t value;
	uint32_t flags;
	uint32_t nr_of_dims;
	uint32_t dims[4];
	char name[32];
};

int vc_sim_new(const struct vc_sim_config *config, struct vc_sim **out);
void vc_sim_free(struct vc_sim *sim);
int vc_sim_can_draw(uint32_t pixelformat);
int vc_sim_add_format(struct vc_sim *sim, const struct vc_sim_format *format);
int vc_sim_add_size(struct vc_sim *sim, const struct vc_framesize *size);
int vc_sim_add_interval(struct vc_sim *sim, const struct vc_frameinterval *interval);
int vc_sim_add_control(struct vc_sim *sim, const struct vc_sim_control *control);
int vc_sim_add_menu_entry(struct vc_sim *sim, uint32_t id, uint32_t index, const char *name,
			  int64_t value);
int vc_sim_add_payload(struct vc_sim *sim, uint32_t id, uint32_t which, const void *data,
		       uint32_t size);
int vc_sim_add_subdevice(struct vc_sim *sim, uint32_t function, const char *name);
int vc_sim_add_cluster(struct vc_sim *sim, uint32_t master, int64_t manual, uint32_t slave);

#define VC_SIM_MEDIA ...
#define VC_SIM_MAJOR ...

int vc_sim_open(struct vc_sim *sim, uint32_t node, const char *path, struct vc_device **out);
int vc_sim_tick(struct vc_sim *sim, uint32_t frames);
void vc_sim_unplug(struct vc_sim *sim);
void vc_sim_replug(struct vc_sim *sim);
int vc_sim_poke(struct vc_sim *sim, uint32_t id, int64_t value);
int vc_sim_set_flags(struct vc_sim *sim, uint32_t id, uint32_t flags);
int vc_sim_set_range(struct vc_sim *sim, uint32_t id, int64_t minimum, int64_t maximum,
		     uint64_t step, int64_t default_value);
int vc_sim_set_light(struct vc_sim *sim, double light);
void vc_sim_source_change(struct vc_sim *sim);

struct vc_sim_fault {
	uint32_t id;
	int64_t value;
	uint32_t count;
	uint32_t after;
};

int vc_sim_fault(struct vc_sim *sim, const char *name, const struct vc_sim_fault *fault);
void vc_sim_clear_faults(struct vc_sim *sim);
const char *vc_sim_fault_name(uint32_t n);

unsigned long vc_sim_request(const char *name);
uint64_t vc_sim_ioctls(struct vc_sim *sim, unsigned long request);
uint32_t vc_sim_queued(struct vc_sim *sim);
uint32_t vc_sim_mappings(struct vc_sim *sim);
uint32_t vc_sim_handles(struct vc_sim *sim);
uint32_t vc_sim_frames(struct vc_sim *sim);

struct vc_sim_counter {
	uint32_t cell;
	uint32_t columns;
	uint32_t rows;
};

int vc_sim_counter_layout(uint32_t width, uint32_t height, struct vc_sim_counter *out);

/* For tests that speak V4L2 themselves. */
int vc_ioctl(struct vc_device *dev, unsigned long request, void *arg);
