# SPDX-License-Identifier: Apache-2.0

"""What is found about signatures and who may make them: step 6."""

from verifier_api.findings.kind import FAILED as _F
from verifier_api.findings.kind import PASSED as _P
from verifier_api.findings.kind import SKIPPED as _S
from verifier_api.findings.kind import UNKNOWN as _U
from verifier_api.findings.kind import Kind

SIGNATURES_VALID = Kind(
    "signatures.valid",
    _P,
    "Cả {count} chữ ký số đều nguyên vẹn, đúng người, và chứng thư còn hiệu lực khi ký.",
    "All {count} signatures are intact and trusted, and their certificates were valid when they signed.",
)
SIGNATURES_NONE = Kind("signatures.none", _F, "Tệp không có chữ ký số nào.", "The file carries no digital signature.")
SIGNATURES_INVALID = Kind(
    "signatures.invalid",
    _F,
    "Chữ ký «{role}» không hợp lệ: tệp đã bị sửa sau khi ký, hoặc chữ ký là giả.",
    "Signature {role} is not valid: the file was changed after signing, or the signature is forged.",
)
SIGNATURES_UNTRUSTED = Kind(
    "signatures.untrusted",
    _F,
    "Chữ ký «{role}» dùng chứng thư không thuộc hệ thống chứng thực được công nhận cho vai trò này.",
    "Signature {role} uses a certificate outside the hierarchy that is trusted for this role.",
)
SIGNATURES_INDETERMINATE = Kind(
    "signatures.indeterminate",
    _U,
    "Chưa đủ dữ liệu để kết luận về chữ ký «{role}».",
    "There is not enough data to conclude on signature {role}.",
)
SIGNATURES_MISSING = Kind(
    "signatures.missing",
    _F,
    "Thiếu chữ ký bắt buộc: {roles}.",
    "Required signatures are missing: {roles}.",
)
SIGNATURES_STRANGER = Kind(
    "signatures.stranger",
    _F,
    "Có chữ ký không nằm trong danh sách khi phát hành: {roles}.",
    "There are signatures that were not there when the record was issued: {roles}.",
)
SIGNATURES_OTHER_SIGNER = Kind(
    "signatures.other_signer",
    _F,
    "Chữ ký «{role}» không phải của người đã ký khi phát hành.",
    "Signature {role} is not by whoever signed when the record was issued.",
)
SIGNATURES_ORDER = Kind(
    "signatures.order", _F, "Thứ tự ký không đúng quy định.", "The signatures are not in the order that is prescribed."
)
SIGNATURES_CHANGED = Kind(
    "signatures.changed_after",
    _F,
    "Sau khi ký, tệp bị thêm hoặc sửa nội dung ngoài chữ ký.",
    "Something other than signatures was added or changed after signing.",
)
SIGNATURES_SEAL_REGISTERED = Kind(
    "signatures.seal_registered",
    _P,
    "Con dấu số đúng với chứng thư mà Sở đã đăng ký cho trường trên chuỗi khối.",
    "The seal is the certificate that the authority registered for the school on the chain.",
)
SIGNATURES_SEAL_OTHER = Kind(
    "signatures.seal_other",
    _F,
    "Con dấu số không phải chứng thư mà Sở đã đăng ký cho trường này.",
    "The seal is not the certificate that the authority registered for this school.",
)
SIGNATURES_LISTED = Kind(
    "signatures.listed",
    _P,
    "Những người ký đều có trong danh sách người ký được Sở duyệt.",
    "All signers are on the authority's list of approved signers.",
)
SIGNATURES_NOT_LISTED = Kind(
    "signatures.not_listed",
    _F,
    "Người ký «{role}» không có trong danh sách được Sở duyệt cho trường này vào lúc ký.",
    "Signer {role} was not on the authority's list of approved signers of this school at that time.",
)
SIGNATURES_OTHER_HIERARCHY = Kind(
    "signatures.other_hierarchy",
    _F,
    "Chứng thư của «{role}» thuộc hệ thống chứng thực khác với hệ thống mà Sở đã duyệt cho người ký này. Đừng dùng tệp này; hãy "
    "hỏi nhà trường.",
    "The certificate of {role} belongs to another hierarchy than the one under which the authority approved this signer. Do not "
    "use the file; ask the school.",
)
SIGNATURES_LIST_PUBLISHED = Kind(
    "signatures.list_published",
    _P,
    "Danh sách người ký dùng để đối chiếu đúng là danh sách mới nhất mà Sở công bố trên chuỗi khối lúc {when}.",
    "The list of approved signers is the newest that the authority published on the chain, at {when}.",
)
SIGNATURES_LIST_SINCE = Kind(
    "signatures.list_since",
    _P,
    "Danh sách người ký dùng để đối chiếu là danh sách mới nhất mà Sở công bố trên chuỗi khối, lúc {when}, sau thời điểm được "
    "hỏi; các dòng của nó ghi ai được duyệt vào lúc nào.",
    "The list of approved signers is the newest that the authority published on the chain, at {when}, after the moment asked "
    "about; its lines say who was approved when.",
)
SIGNATURES_LIST_SUPERSEDED = Kind(
    "signatures.list_superseded",
    _U,
    "Danh sách người ký dùng để đối chiếu đã cũ hoặc bị sửa: Sở công bố danh sách khác trên chuỗi khối lúc {when}. Hãy lấy "
    "bộ thiết lập tin cậy mới từ Sở GDĐT.",
    "The list of approved signers is old or was altered: the authority published another one on the chain at {when}. Get the "
    "new trust folder from the authority.",
)
SIGNATURES_LIST_UNPUBLISHED = Kind(
    "signatures.list_unpublished",
    _U,
    "Sở chưa công bố danh sách người ký này trên chuỗi khối nên chưa dùng để kết luận được. Hãy lấy lại bộ thiết lập tin cậy từ "
    "Sở GDĐT.",
    "The authority has not published this list of approved signers on the chain, so it proves nothing yet. Fetch the trust "
    "folder again from the authority.",
)
SIGNATURES_LIST_UNCONFIRMED = Kind(
    "signatures.list_unconfirmed",
    _U,
    "Chưa hỏi được chuỗi khối nên chưa biết danh sách người ký có phải bản mới nhất của Sở. Hãy thử lại sau.",
    "The chain cannot be asked, so it is not known whether the list of approved signers is the authority's newest. Try again "
    "later.",
)
SIGNATURES_LIST_OFFLINE = Kind(
    "signatures.list_not_asked",
    _S,
    "Kiểm tra ngoại tuyến: chưa hỏi chuỗi khối xem danh sách người ký có phải bản mới nhất.",
    "Offline check: the chain was not asked whether the list of approved signers is the newest.",
)
SIGNATURES_NO_LIST = Kind(
    "signatures.no_list",
    _U,
    "Chưa có danh sách người ký được Sở duyệt để đối chiếu. Hãy hỏi người vận hành.",
    "There is no list of approved signers to compare with. Ask the operator.",
)
SIGNATURES_REVOCATION_NOW = Kind(
    "signatures.revocation_not_asked",
    _S,
    "Đã xét hiệu lực chứng thư tại thời điểm ký; chưa hỏi lại tình trạng thu hồi hôm nay.",
    "Certificates were judged at the time of signing; revocation as known today was not asked.",
)
SIGNATURES_REVOCATION_KNOWN = Kind(
    "signatures.revocation_known",
    _P,
    "Theo dữ liệu thu hồi đến ngày {when}, không chứng thư nào của người ký bị thu hồi trước khi ký.",
    "As known on {when}, no signer's certificate was revoked before it signed.",
)
SIGNATURES_REVOKED_LATER = Kind(
    "signatures.revoked_later",
    _P,
    "Chứng thư của «{role}» bị thu hồi lúc {when}, sau khi đã ký; chữ ký này vẫn có giá trị.",
    "The certificate of {role} was revoked at {when}, after it had signed; this signature still holds.",
)
SIGNATURES_REVOKED_BEFORE = Kind(
    "signatures.revoked_before",
    _U,
    "Chứng thư của «{role}» đã bị thu hồi từ {when}, trước khi có chữ ký này, nên không thể tin chữ ký. Hãy hỏi nhà trường "
    "hoặc Sở.",
    "The certificate of {role} has been revoked since {when}, before this signature was made, so it cannot be relied on. Ask the "
    "school or the authority.",
)
SIGNATURES_XML_REVOCATION = Kind(
    "signatures.xml_revocation_not_asked",
    _S,
    "Tệp XML không mang dữ liệu thu hồi chứng thư nên chưa xét việc thu hồi. Muốn chắc chắn, hãy kiểm tra cả tệp PDF của "
    "học bạ này.",
    "The XML carries no revocation data, so revocation was not judged. To be sure, check the PDF of this record too.",
)
SIGNATURES_SKIPPED = Kind("signatures.skipped", _S, "Chưa kiểm tra chữ ký.", "Signatures were not checked.")
