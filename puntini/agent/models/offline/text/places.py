"""Where cities keep their time."""

import re

_ZONES = """
Africa/Cairo cairo egypt
Africa/Johannesburg johannesburg cape_town south_africa
Africa/Lagos lagos nigeria
Africa/Nairobi nairobi kenya
America/Argentina/Buenos_Aires buenos_aires argentina
America/Bogota bogota colombia
America/Chicago chicago houston dallas austin
America/Denver denver
America/Los_Angeles los_angeles san_francisco seattle california san_diego
America/Mexico_City mexico_city mexico
America/New_York new_york boston washington miami atlanta
America/Sao_Paulo sao_paulo são_paulo rio_de_janeiro
America/Toronto toronto montreal
America/Vancouver vancouver
Asia/Bangkok bangkok thailand
Asia/Dubai dubai
Asia/Hong_Kong hong_kong
Asia/Jakarta jakarta
Asia/Jerusalem jerusalem tel_aviv israel
Asia/Karachi karachi pakistan
Asia/Kolkata delhi new_delhi mumbai bangalore kolkata india
Asia/Manila manila
Asia/Seoul seoul korea
Asia/Shanghai shanghai beijing china
Asia/Singapore singapore
Asia/Taipei taipei taiwan
Asia/Tokyo tokyo osaka kyoto japan
Australia/Melbourne melbourne
Australia/Sydney sydney
Europe/Amsterdam amsterdam netherlands
Europe/Athens athens greece
Europe/Berlin berlin munich hamburg frankfurt germany
Europe/Brussels brussels belgium
Europe/Bucharest bucharest
Europe/Budapest budapest hungary
Europe/Copenhagen copenhagen denmark
Europe/Dublin dublin ireland
Europe/Helsinki helsinki finland
Europe/Istanbul istanbul turkey
Europe/Kyiv kyiv ukraine
Europe/Lisbon lisbon portugal
Europe/London london edinburgh england uk
Europe/Madrid madrid barcelona spain
Europe/Oslo oslo norway
Europe/Paris paris lyon france
Europe/Prague prague
Europe/Rome rome milan turin naples italy
Europe/Stockholm stockholm sweden
Europe/Vienna vienna austria
Europe/Warsaw warsaw poland
Europe/Zurich zurich zürich geneva bern switzerland
Pacific/Auckland auckland new_zealand
Pacific/Honolulu honolulu hawaii
UTC utc gmt
"""
_BY_PLACE = {place: row.split()[0] for row in _ZONES.strip().splitlines() for place in row.split()[1:]}
_ZONE = re.compile(r"[A-Z][A-Za-z]{1,20}(/[A-Z][A-Za-z_+-]{1,30}){1,2}")


def zone_of(place: str) -> str:
    """The IANA time zone of a place, which may be a zone itself; "" where it is not known."""
    return place if _ZONE.fullmatch(place) else _BY_PLACE.get(place.lower().replace(" ", "_"), "")
