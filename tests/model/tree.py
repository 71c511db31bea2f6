# SPDX-License-Identifier: MIT
"""What a view shows, as the model has it: path -> what listing, reading or stat must answer (CONTRACT 3)."""

LISTED_META = ('state', 'size', 'owner', 'source', 'trust', 'reviewed', 'shares.tsv')


def listing(names):
    return ('dir', tuple(sorted(names)))


def text(value):
    return ('text', value if isinstance(value, bytes) else value.encode())


def image_brief(state, view, image, texts=True):
    """What is looked at after every step that touched an image; texts: what must be opened to be seen, too."""
    base = f'regions/{image.region}/images/{state.shown(view, image)}'
    yield base, listing(image.parts(state.writes(view)))
    if state.writes(view) or image.state != 'draft':
        yield f'{base}/.meta/shares' if state.writes(view) else f'{base}/shares', listing(state.grants(view, image))
    if texts:
        yield f'{base}/.meta/state', text(image.state + '\n')
        yield f'{base}/.meta/reviewed', text(f'{int(image.reviewed)}\n')
    if texts and image.description is not None:
        yield f'{base}/description', text(image.description)
    if image.disk is not None:
        yield f'{base}/disk', ('size', len(image.disk))


def image_full(state, view, image):
    base = f'regions/{image.region}/images/{state.shown(view, image)}'
    yield from image_brief(state, view, image)
    mine = image.owner == view.account
    yield f'{base}/.meta/owner', text(image.owner + '\n')
    yield f'{base}/.meta/size', text(f'{len(image.disk or b"")}\n')
    yield f'{base}/.meta/format', text('' if image.disk is None else state.format(image) + '\n')
    yield f'{base}/.meta/source', ('source', state.source(view, image))
    trusted = image.owner in state.accounts[view.account].trusted
    if not state.staff(view):
        yield f'{base}/.meta/trust', ('word', 'own' if mine else 'trusted' if trusted else 'untrusted')
    yield f'{base}/.meta/shares.tsv', ('grants', tuple(sorted(
        (account, by, expiry) for account, (_, expiry, by, _) in image.shares.items() if account in state.grants(view, image))))
    for account in state.grants(view, image) if state.writes(view) or image.state != 'draft' else ():
        yield f'{base}/.meta/shares/{account}', listing([])
        yield f'{base}/.meta/shares/{account}/.expires', text(image.shares[account][1] + '\n')
    if mine and image.disk is not None:
        yield f'{base}/disk', text(image.disk)


def machine(state, view, vm, texts=True):
    name = vm.name if not state.staff(view) else f'{vm.name}@{vm.account}'
    base = f'regions/{vm.region}/instances/{name}'
    yield base, listing(vm.parts())
    if vm.image is not None and texts:
        yield f'{base}/image', text(vm.image + '\n')
    if vm.disk is not None:
        yield f'{base}/disk', ('size', len(vm.disk)) if state.staff(view) or not texts else text(vm.disk)


def usage(state, account):
    """CONTRACT 9: region, images, quota, bytes."""
    rows = []
    for region in state.regions:
        images = state.owned(account, region)
        rows.append((region, str(len(images)), str(state.quota(account)), str(sum(len(i.disk or b'') for i in images))))
    return tuple(sorted(rows))


def listings(state, view):
    """The listings of images and instances in every region."""
    yield 'regions', listing(state.regions)
    for region in state.regions:
        yield f'regions/{region}/images', listing(state.shown(view, image) for image in state.seen(view, region))
        yield f'regions/{region}/instances', listing(
            vm.name + (f'@{vm.account}' if state.staff(view) else '') for vm in state.machines(view, region))


def everything(state, view):
    if state.accounts[view.account].gone:
        return
    yield from listings(state, view)
    for region in state.regions:
        for image in state.seen(view, region):
            yield from image_full(state, view, image)
        for vm in state.machines(view, region):
            yield from machine(state, view, vm)
    if not state.staff(view):
        yield f'accounts/{view.account}/trusted', listing(state.accounts[view.account].trusted)
        yield f'accounts/{view.account}/usage', ('rows', usage(state, view.account))


def past(state, view):
    """What a view of this moment will show: not the size of a disk that can still change."""
    yield from listings(state, view)
    for region in state.regions:
        for image in state.seen(view, region):
            for path, what in image_brief(state, view, image):
                if what[0] != 'size' or image.state == 'sealed':
                    yield path, what
        for vm in state.machines(view, region):
            for path, what in machine(state, view, vm):
                if not path.endswith('/disk'):
                    yield path, what


def touched(state, view, things, texts=True):
    """What was just changed, as far as the view sees it: images and instances, and the listings they are in."""
    for thing in things:
        is_image = hasattr(thing, 'owner')
        key = (thing.region, thing.owner if is_image else thing.account, thing.name)
        if thing.region not in state.regions:
            continue
        if is_image:
            yield f'regions/{thing.region}/images', listing(state.shown(view, image) for image in state.seen(view, thing.region))
            if state.images.get(key) is thing and state.sees(view, thing):
                yield from image_brief(state, view, thing, texts)
        elif state.instances.get(key) is thing and (state.staff(view) or thing.account == view.account):
            yield from machine(state, view, thing, texts)
